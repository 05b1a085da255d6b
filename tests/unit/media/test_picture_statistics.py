from __future__ import annotations

import av
import numpy as np
import pytest

from classroom.media.picture_statistics import fingerprint, is_black

KNOWN = ("yuv420p", "yuvj422p", "yuyv422", "uyvy422", "nv12", "gray", "rgb24", "bgr24", "bgra", "bgr0")
UNKNOWN = ("p010le", "gbrp")


def picture(form: str, *, level: int = 0, noise: int = 0, size: tuple[int, int] = (322, 180)) -> av.VideoFrame:
    """A grey picture with noise of so many levels, as a camera of this format would send it."""
    random = np.random.default_rng(7)
    rgb = np.full((size[1], size[0], 3), level, np.int32) + random.integers(0, noise + 1, (size[1], size[0], 1))
    return av.VideoFrame.from_ndarray(np.clip(rgb, 0, 255).astype(np.uint8), "rgb24").reformat(format=form)


@pytest.mark.parametrize("form", KNOWN + UNKNOWN)
def test_the_same_picture_has_the_same_print_and_another_one_has_not(form: str) -> None:
    assert fingerprint(picture(form, level=90)) == fingerprint(picture(form, level=90))
    assert fingerprint(picture(form, level=90, noise=4)) != fingerprint(picture(form, level=90))


def test_what_lies_behind_the_lines_of_a_picture_is_not_looked_at() -> None:
    one, other = picture("yuv420p", level=90), picture("yuv420p", level=90)
    plane = other.planes[0]
    assert plane.line_size > plane.width
    lines = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    lines[:, plane.width :] = 77
    assert fingerprint(one) == fingerprint(other)


@pytest.mark.parametrize("form", KNOWN)
def test_a_closed_shutter_is_black_and_a_dim_room_is_not(form: str) -> None:
    assert is_black(picture(form, level=0))
    assert is_black(picture(form, level=0, noise=4))
    assert not is_black(picture(form, level=60, noise=20))
    assert not is_black(picture(form, level=255))


def test_a_dark_slide_with_writing_is_not_black() -> None:
    pixels = np.zeros((180, 320, 3), np.uint8)
    pixels[80:100, 100:200] = 255
    assert not is_black(av.VideoFrame.from_ndarray(pixels, "rgb24").reformat(format="yuv420p"))


@pytest.mark.parametrize("form", UNKNOWN)
def test_a_format_that_is_not_known_is_never_called_black(form: str) -> None:
    assert not is_black(picture(form, level=0))
