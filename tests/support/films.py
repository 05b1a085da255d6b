"""Films as real devices make them, written by ffmpeg: patches of colour, coded and tagged in many ways.

What they are to look like is said by ffmpeg's own filters too, above all by zscale, which shares nothing with the
product.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import av
import numpy as np
from PIL import Image

from classroom.media.scale import Scaler
from classroom.media.sources.decoding import Decoding
from tests.support.pictures import Array, to_rgb

__all__ = ["PATCHES", "colours", "ffmpeg", "hdr_film", "judged_by_ffmpeg", "patches", "pictures", "sdr_film", "shown"]

PATCHES = (
    *((180, 30, 30), (30, 160, 40), (40, 60, 190), (230, 230, 230)),
    *((128, 128, 128), (16, 16, 16), (220, 190, 60), (200, 150, 120)),
)
"""Red, green, blue, paper; grey, black, yellow, skin: four above, four below."""

_PLAIN = "range=tv:colorspace=unknown:color_primaries=unknown:color_trc=unknown"
_BT709 = "range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709"
_X265 = "log-level=error:colorprim={primaries}:transfer={transfer}:colormatrix=bt2020nc"


def ffmpeg(*arguments: str | Path) -> bytes:
    """Run it; what it writes to its standard output."""
    command = ["ffmpeg", "-v", "error", "-y", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True).stdout


def patches(path: Path, width: int, height: int) -> Path:
    """The patches as a PNG without a profile."""
    grid = np.array(PATCHES, np.uint8).reshape(2, 4, 3)
    rows, columns = np.arange(height) * 2 // height, np.arange(width) * 4 // width
    Image.fromarray(grid[np.ix_(rows, columns)]).save(path)
    return path


def sdr_film(path: Path, size: tuple[int, int], matrix: str, *options: str) -> Path:
    """The patches for three pictures, in an ordinary range and a matrix that the film does not name."""
    still = patches(path.with_suffix(".png"), *size)
    pixel_format = "yuv420p" if size[0] % 2 == size[1] % 2 == 0 else "yuv444p"
    convert = f"scale=out_color_matrix={matrix}:out_range=tv,format={pixel_format},setparams={_PLAIN}"
    ffmpeg("-loop", "1", "-i", still, "-frames:v", "3", "-r", "25", "-vf", convert, *options, path)
    return path


def hdr_film(path: Path, size: tuple[int, int], transfer: str, primaries: str = "bt2020", count: int = 3) -> Path:
    """The patches for ``count`` pictures in HEVC of 10 bits, as a phone films them."""
    still = patches(path.with_suffix(".png"), *size)
    steps = (
        "scale=out_color_matrix=bt709:out_range=tv,format=yuv444p",
        f"setparams={_BT709},zscale=t=linear:npl=203,format=gbrpf32le",
        f"zscale=p={primaries}:t={transfer}:m=bt2020nc:r=tv:npl=203,format=yuv420p10le",
    )
    tags = _X265.format(primaries=primaries, transfer=transfer)
    coding = ("-c:v", "libx265", "-preset", "ultrafast", "-crf", "4", "-x265-params", tags)
    ffmpeg("-loop", "1", "-i", still, "-frames:v", str(count), "-r", "25", "-vf", ",".join(steps), *coding, path)
    return path


def judged_by_ffmpeg(path: Path, *steps: str) -> list[tuple[int, int, int]]:
    """The patches of the first picture as zscale and others see them, which end in BT.709."""
    last = ("zscale=t=bt709:m=bt709:r=tv", "format=yuv444p", "scale=in_color_matrix=bt709", "format=rgb24")
    with av.open(str(path)) as film:
        width, height = film.streams.video[0].width, film.streams.video[0].height
    raw = ffmpeg("-i", path, "-frames:v", "1", "-vf", ",".join((*steps, *last)), "-f", "rawvideo", "-")
    return colours(np.frombuffer(raw, np.uint8).reshape(height, width, 3))


def pictures(path: Path, largest: int = 1920) -> list[av.VideoFrame]:
    """All pictures of a film as the product gives them out."""
    found = []
    with Decoding(str(path), largest=largest) as decoding:
        while (item := decoding.next()) is not None:
            if isinstance(item[1], av.VideoFrame):
                found.append(item[1])
    return found


def shown(frame: av.VideoFrame) -> Array:
    """The pixels of a picture as the program shows them; one of odd size loses a row or a column."""
    return to_rgb(Scaler().yuv420p(frame, frame.width // 2 * 2, frame.height // 2 * 2))


def colours(pixels: Array) -> list[tuple[int, int, int]]:
    """The middle of each patch."""
    height, width = pixels.shape[:2]
    places = [(height * (1 + 2 * row) // 4, width * (1 + 2 * column) // 8) for row in range(2) for column in range(4)]
    return [(int(pixels[place][0]), int(pixels[place][1]), int(pixels[place][2])) for place in places]
