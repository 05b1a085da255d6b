"""Brings pictures with more light or more colours than an ordinary screen has into what every browser shows.

Phones film in HLG, cameras and screens in PQ (BT.2100), both with the colours of BT.2020; some film with those of
Display P3. Shown as they are, such pictures look grey and pale. libavfilter's ``lut3d`` does the work, by a table that
is made here: light is made linear, colours are brought to BT.709, bright light is compressed as ``tonemap=mobius`` of
FFmpeg does it, and all is coded again for an ordinary screen.
"""

from __future__ import annotations

import logging
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Final

import av
import av.filter
import numpy as np
import numpy.typing as npt
from av.video.reformatter import ColorPrimaries, ColorRange, ColorTrc

from classroom.media.scale import PROGRAM_MATRIX, PROGRAM_RANGE

__all__ = ["ToneMapper", "needs_mapping"]

_log = logging.getLogger(__name__)

_ANY_TIME_BASE: Final = Fraction(1, 90_000)

_HDR: Final = frozenset({ColorTrc.ARIB_STD_B67, ColorTrc.SMPTE2084})

_WHITE: Final = 203.0
"""Light of a white sheet in HLG and PQ, cd/m² (BT.2408)."""

_PEAK: Final = 1000.0
"""The brightest light that is told apart, cd/m²: HLG has no more, and phones do not film more in PQ."""

_KNEE: Final = 0.5
"""Light, as a share of white, up to which nothing is compressed."""

_GAMMA: Final = 2.4
"""Of an ordinary screen (BT.1886)."""

_POINTS: Final = 33
"""Colours in each direction of the table; those in between are interpolated."""

_BT709_FROM: Final = {
    ColorPrimaries.BT2020: np.array(
        [[1.660491, -0.587641, -0.072850], [-0.124550, 1.132900, -0.008349], [-0.018151, -0.100579, 1.118730]]
    ),
    ColorPrimaries.SMPTE432: np.array(
        [[1.224940, -0.224940, 0.0], [-0.042057, 1.042057, 0.0], [-0.019638, -0.078636, 1.098274]]
    ),
}
"""Linear light to linear light (SMPTE RP 177 with the primaries of each; all have the white of D65)."""

_WIDE: Final = frozenset(_BT709_FROM)

_HLG_GAMMA: Final = 1.2
"""From the light of a scene to that of a screen with ``_PEAK`` (BT.2100); for each colour alone, as zimg does it."""

Light = npt.NDArray[np.float64]
"""Red, green and blue, of shape (n, 3)."""


@dataclass(frozen=True, slots=True)
class _ToneKey:
    """What a filter graph was made for."""

    width: int
    height: int
    pixel_format: str
    matrix: int
    colour_range: int
    transfer: int
    primaries: int
    largest: int


def needs_mapping(frame: av.VideoFrame) -> bool:
    """Whether a picture has other colours or another range of light than the program."""
    # After a change within a stream libav may still name the last transfer, but not the last primaries.
    primaries = frame.color_primaries
    return primaries in _WIDE or (frame.color_trc in _HDR and primaries == ColorPrimaries.UNSPECIFIED)


class ToneMapper:
    """Maps the pictures of one source; keeps its filter graph while nothing about them changes.

    ``largest`` is how many pixels of their longer side are of use: what is larger is made smaller first, since the work
    grows with it.
    """

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._key: _ToneKey | None = None
        self._graph: av.filter.Graph | None = None

    def map(self, frame: av.VideoFrame) -> av.VideoFrame:
        """The picture in the program's colours, not larger than is of use; the same object where it has no others.

        Of what cannot be mapped, the picture as it is.
        """
        if not needs_mapping(frame):
            return frame
        transfer, primaries = frame.color_trc, frame.color_primaries
        key = _ToneKey(
            frame.width,
            frame.height,
            frame.format.name,
            frame.colorspace,
            frame.color_range,
            transfer if transfer in _HDR else ColorTrc.BT709,
            primaries if primaries in _WIDE else ColorPrimaries.BT2020,
            self._largest,
        )
        try:
            if key != self._key:
                self._key, self._graph = key, None
                self._graph = _graph(key)
            if self._graph is None:
                return frame
            self._graph.vpush(frame)
            mapped = self._graph.vpull()
        except (av.FFmpegError, ValueError, OSError) as fault:
            _log.warning("The colours of a source cannot be mapped, and are shown as they are: %s", fault)
            self._graph = None
            return frame
        mapped.colorspace, mapped.color_range = PROGRAM_MATRIX, PROGRAM_RANGE
        mapped.color_trc, mapped.color_primaries = ColorTrc.BT709, ColorPrimaries.BT709
        return mapped


def _graph(key: _ToneKey) -> av.filter.Graph:
    graph = av.filter.Graph()
    # It would have a thread for each processor, for every source.
    graph.threads = 1
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "table.cube"
        table.write_bytes(_table(key.transfer, key.primaries))
        last = graph.add_buffer(
            width=key.width, height=key.height, format=av.VideoFormat(key.pixel_format), time_base=_ANY_TIME_BASE
        )
        for name, options in _steps(key, table):
            following = graph.add(name, **options)
            last.link_to(following)
            last = following
        graph.configure()
    return graph


def _steps(key: _ToneKey, table: Path) -> list[tuple[str, dict[str, str]]]:
    share = min(1.0, key.largest / max(key.width, key.height))
    width, height = (max(2, round(edge * share / 2) * 2) for edge in (key.width, key.height))
    unsaid = "bt709" if key.primaries == ColorPrimaries.SMPTE432 else "bt2020"
    matrix = {1: "bt709", 5: "bt601", 6: "bt601", 9: "bt2020"}.get(key.matrix, unsaid)
    full = key.colour_range == ColorRange.JPEG
    return [
        (
            "scale",
            {
                "width": str(width),
                "height": str(height),
                "flags": "area",
                "in_color_matrix": matrix,
                "in_range": "full" if full else "limited",
                "out_range": "full",
            },
        ),
        # Of 16 bits, because lut3d is quick with these (AVX2), and no steps are seen in a sky.
        ("format", {"pix_fmts": "gbrp16le"}),
        ("lut3d", {"file": str(table), "interp": "tetrahedral"}),
        ("scale", {"out_color_matrix": "bt601", "out_range": "limited", "flags": "area"}),
        ("format", {"pix_fmts": "yuv420p"}),
        ("buffersink", {}),
    ]


@cache
def _table(transfer: int, primaries: int) -> bytes:
    """What becomes of each colour, as a .cube file: red changes first, then green, then blue."""
    axis = np.linspace(0.0, 1.0, _POINTS)
    blue, green, red = (part.ravel() for part in np.meshgrid(axis, axis, axis, indexing="ij"))
    light = _linear(np.stack([red, green, blue], axis=1), transfer)
    shown = light @ _BT709_FROM[ColorPrimaries(primaries)].T
    if transfer in _HDR:
        shown = _compressed(shown)
    coded = shown.clip(0.0, 1.0) ** (1 / _GAMMA)
    lines = "\n".join(f"{r:.6f} {g:.6f} {b:.6f}" for r, g, b in coded.tolist())
    return f"LUT_3D_SIZE {_POINTS}\n{lines}\n".encode()


def _linear(coded: Light, transfer: int) -> Light:
    """Light as a share of white."""
    if transfer == ColorTrc.SMPTE2084:
        root = coded ** (1 / 78.84375)
        share = np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)
        return np.asarray(share ** (1 / 0.1593017578125) * 10_000 / _WHITE)
    if transfer == ColorTrc.ARIB_STD_B67:
        scene = np.where(coded <= 0.5, coded**2 / 3, (np.exp((coded - 0.55991073) / 0.17883277) + 0.28466892) / 12)
        return np.asarray(scene**_HLG_GAMMA * _PEAK / _WHITE)
    return np.asarray(coded**_GAMMA)


def _compressed(light: Light) -> Light:
    """Light of up to ``_PEAK`` brought to at most 1, by the brightest of the three, so that the hue stays."""
    peak, knee = _PEAK / _WHITE, _KNEE
    brightest = np.maximum(light.max(axis=1), 1e-6)
    a = -(knee**2) * (peak - 1) / (knee**2 - 2 * knee + peak)
    b = (knee**2 - 2 * knee * peak + peak) / (peak - 1)
    bent = (b**2 + 2 * b * knee + knee**2) / (b - a) * (brightest + a) / (brightest + b)
    return np.asarray(light * (np.where(brightest <= knee, brightest, bent) / brightest)[:, np.newaxis])
