"""Pictures for tests, and looking at their pixels with arithmetic of our own."""

from __future__ import annotations

import av
import numpy as np
import numpy.typing as npt

from classroom.director import Placement, Scene, place
from classroom.media.frames import Picture, PictureSlot

Array = npt.NDArray[np.uint8]
_BT709, _FULL = 1, 2
"""Tags of frames: the matrix of ITU-T H.273, and libav's full range."""

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
WHITE, GREY, BLACK = (255, 255, 255), (128, 128, 128), (0, 0, 0)


def rgb_frame(pixels: Array) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")


def plain(colour: tuple[int, int, int], width: int, height: int, pixel_format: str = "rgb24") -> av.VideoFrame:
    """A picture of one colour in a pixel format, made by numbers and not by swscale."""
    if pixel_format == "rgb24":
        return rgb_frame(np.full((height, width, 3), colour, np.uint8))
    if pixel_format == "bgra":
        return av.VideoFrame.from_ndarray(np.full((height, width, 4), (*colour[::-1], 255), np.uint8), format="bgra")
    y, u, v = coded(colour, full=pixel_format in ("yuvj420p", "yuyv422 full"))
    if pixel_format.startswith("yuyv422"):
        frame = av.VideoFrame(width, height, "yuyv422")
        np.frombuffer(memoryview(frame.planes[0]), np.uint8).reshape(-1, 4)[:] = (y, u, y, v)
        frame.color_range = 2 if pixel_format.endswith("full") else 1
        return frame
    frame = av.VideoFrame(width, height, pixel_format)
    for plane, value in zip(frame.planes, (y, u, v), strict=True):
        np.frombuffer(memoryview(plane), np.uint8)[:] = value
    return frame


def coded(colour: tuple[int, int, int], *, full: bool) -> tuple[int, int, int]:
    """Y, Cb and Cr of BT.601."""
    red, green, blue = (part / 255 for part in colour)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    cb, cr = (blue - luma) / 1.772, (red - luma) / 1.402
    if full:
        return round(255 * luma), min(255, round(128 + 255 * cb)), min(255, round(128 + 255 * cr))
    return round(16 + 219 * luma), round(128 + 224 * cb), round(128 + 224 * cr)


def to_rgb(frame: av.VideoFrame) -> Array:
    """The pixels (height, width, 3) of a yuv420p frame, read as its tags say; BT.601 in limited range without any.

    So a picture with the right values and a wrong tag has wrong colours, as it would have in a browser.
    """
    assert frame.format.name == "yuv420p"
    red, blue = (0.2126, 0.0722) if frame.colorspace == _BT709 else (0.299, 0.114)
    green = 1 - red - blue
    y, cb, cr = (
        np.frombuffer(memoryview(plane), np.uint8)
        .reshape(-1, plane.line_size)[: plane.height, : plane.width]
        .astype(np.float32)
        for plane in frame.planes
    )
    if frame.color_range == _FULL:
        cb, cr = cb - 128, cr - 128
    else:
        y, cb, cr = (y - 16) * (255 / 219), (cb - 128) * (255 / 224), (cr - 128) * (255 / 224)
    reds, blues = 2 - 2 * red, 2 - 2 * blue
    rgb = np.empty((*y.shape, 3), np.uint8)
    for part, colour in enumerate((reds * cr, -(blues * blue * cb + reds * red * cr) / green, blues * cb)):
        # Worked out at half the resolution, which is where colour is.
        large = colour.repeat(2, 0).repeat(2, 1)[: y.shape[0], : y.shape[1]]
        rgb[..., part] = (y + large).round().clip(0, 255)
    return rgb


def near(pixel: Array, colour: tuple[int, int, int], tolerance: int = 6) -> bool:
    return bool((np.abs(pixel.astype(int) - colour) <= tolerance).all())


def slot(frame: av.VideoFrame | None, serial: int = 1, captured: float = 0.0) -> PictureSlot:
    made = PictureSlot()
    if frame is not None:
        made.put(Picture(frame, captured, serial))
    return made


def full(source: str, width: int, height: int) -> tuple[Placement, ...]:
    return place(Scene("full", "full", (source,)), width, height)
