"""Small pictures for the teacher's page."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest
from PIL import Image

from classroom.media import thumbnail
from classroom.media.frames import Picture
from classroom.media.picture import PictureMixer, ProgramPicture
from classroom.media.thumbnail import Thumbnails
from tests.support.pictures import BLUE, GREEN, RED, WHITE, full, near, plain, slot


@pytest.mark.parametrize("size", [(1280, 720), (721, 401), (1, 1), (4000, 1), (1, 4000), (90, 1600)])
def test_they_say_how_large_they_are(size: tuple[int, int]) -> None:
    small = Thumbnails().draw({"it": Picture(av.VideoFrame(*size, "yuv420p"), 0.0, 1)})["it"]
    assert Image.open(io.BytesIO(small.jpeg)).size == (small.width, small.height)
    assert small.width <= 320


def test_what_has_not_changed_is_not_drawn_again_and_what_has_is(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[av.VideoFrame] = []
    original = thumbnail.jpeg

    def count(frame: av.VideoFrame, *, width: int) -> bytes:
        drawn.append(frame)
        return original(frame, width=width)

    monkeypatch.setattr(thumbnail, "jpeg", count)
    camera = slot(plain(RED, 640, 360))
    mixer = PictureMixer(size=(640, 360), slots={"a": camera}, fallback=None, fallback_card=plain(BLUE, 64, 36))
    thumbnails = Thumbnails()

    def seen(frame: av.VideoFrame, serial: int, captured: float = 0.0) -> tuple[bytes, bytes]:
        camera.put(Picture(frame, captured, serial))
        program = mixer.compose(full("a", 640, 360), {"a"})
        pictures: dict[str | None, Picture | ProgramPicture] = {None: program, "a": camera.newest() or program}
        small = thumbnails.draw(pictures)
        return small[None].jpeg, small["a"].jpeg

    red = plain(RED, 640, 360)
    first = seen(red, 1)
    assert len(drawn) == 2
    assert seen(red, 1, 5.0) == first  # a screen that stands is grabbed again and again
    assert len(drawn) == 2
    for number, (colour, width) in enumerate(((GREEN, 640), (WHITE, 320)), 2):
        second = seen(plain(colour, width, 360), 2)  # of another size after a restart, though by the same number
        assert len(drawn) == 2 * number
        for data in second:
            pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
            assert near(pixels[pixels.shape[0] // 2, pixels.shape[1] // 2], colour, 12)


def test_what_is_gone_is_forgotten() -> None:
    thumbnails = Thumbnails()
    picture = Picture(plain(RED, 64, 36), 0.0, 1)
    assert set(thumbnails.draw({"a": picture})) == {"a"}
    assert not thumbnails.draw({})
    assert not thumbnails.draw({"a": Picture(av.VideoFrame(8, 8, "yaf32le"), 0.0, 2)})
