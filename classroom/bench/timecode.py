"""A time code in the pixels: when a picture was made, and by which source. A page reads it.

It is a row of square cells along the top edge, black for 0 and white for 1. Each cell is large enough to stay readable
after encoding. The code has 8 bits for the source, 32 bits for the milliseconds of the epoch (modulo 2^32) and 8 bits
of checksum (the sum of the five bytes before). ``page.js`` in this folder reads it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["BITS", "CELL", "draw"]

BITS: Final = 48
CELL: Final = 16
"""Edge of a cell in pixels."""

_BLACK: Final = 16
_WHITE: Final = 235
_SHIFTS: Final = np.arange(BITS - 1, -1, -1, dtype=np.uint64)


def draw(luma: npt.NDArray[np.uint8], source: int, milliseconds: int) -> None:
    """Write a code into the top left corner of a luma plane of at least 768 × 16 pixels, limited range."""
    word = (source & 0xFF) << 32 | (milliseconds & 0xFFFFFFFF)
    checksum = sum(word >> shift & 0xFF for shift in (0, 8, 16, 24, 32)) & 0xFF
    code = np.uint64(word << 8 | checksum)
    bits = (code >> _SHIFTS & np.uint64(1)).astype(np.uint8)
    cells = np.where(bits, _WHITE, _BLACK).astype(np.uint8)
    luma[:CELL, : BITS * CELL] = np.repeat(cells, CELL)
