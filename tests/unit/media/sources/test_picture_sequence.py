"""Animated WebP with its timing, and whole photographs of phones in their colours: as files, on cards, as logos."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from classroom.common.clock import ManualClock
from classroom.common.errors import DeviceError
from classroom.media.frames import Picture
from classroom.media.sources.card_drawing import draw_card
from classroom.media.sources.file import MediaFile
from classroom.media.sources.image_file import read_image
from tests.support.films import PATCHES, hdr_film, shown
from tests.support.heic import write_heic
from tests.support.pictures import Array, near, to_rgb
from tests.support.profiles import display_p3

DURATIONS = (100, 200, 300, 0, 1000)
SEEN_FOR = (0.1, 0.2, 0.3, 0.1, 1.0)
"""What lasts no time is seen for a tenth of a second, as in browsers."""

SIZE = (481, 401)
P3_RED = (199, 48, 33)
"""How Display P3 codes (220, 20, 20) of sRGB."""


class Played:
    """A file that plays by a clock which goes on while it waits."""

    def __init__(self, path: Path, **options: bool) -> None:
        self.clock = ManualClock(100.0)
        self.media = MediaFile(name="film", clock=self.clock, path=path, largest=640, **options)
        self.media.wait = self._wait  # type: ignore[method-assign]
        self.media.open()

    def _wait(self, seconds: float) -> bool:
        self.clock.advance(max(0.0, seconds))
        return False

    def pictures(self, count: int) -> list[Picture]:
        """The next ones that are shown, as many as this at most."""
        seen: list[Picture] = []
        for _ in range(3 * count):
            self.media.read()
            assert self.media.picture is not None
            newest = self.media.picture.newest()
            if newest is not None and (not seen or newest is not seen[-1]):
                seen.append(newest)
            if len(seen) == count:
                break
        return seen


def pixels(picture: Picture) -> Array:
    """What is seen of it."""
    return shown(picture.frame)


def animation(path: Path, **options: Any) -> Path:
    """An animation of an odd size, whose pictures after the first hold only what has changed."""
    drawn = [Image.new("RGBA", (161, 121), (40, 80, 200, 255)) for _ in DURATIONS]
    for number, picture in enumerate(drawn):
        picture.paste((230, 20 + 40 * number, 20, 255), (30 * number, 40, 30 * number + 30, 80))
    drawn[0].save(path, save_all=True, append_images=drawn[1:], duration=list(DURATIONS), lossless=True, **options)
    return path


def test_an_animated_webp_plays_with_its_own_timing_again_and_again(tmp_path: Path) -> None:
    played = Played(animation(tmp_path / "moves.webp"), loop=True, restart=False)
    seen = played.pictures(11)
    begins = [picture.captured for picture in seen]
    assert np.diff(begins) == pytest.approx([*SEEN_FOR, *SEEN_FOR], abs=0.002)
    for number, picture in enumerate(seen[:5]):
        there = pixels(picture)
        assert (picture.frame.width, picture.frame.height) == (161, 121)
        assert near(there[60, 30 * number + 15], (230, 20 + 40 * number, 20))
        assert near(there[20, 20], (40, 80, 200))
    assert np.array_equal(pixels(seen[0]), pixels(seen[5]))


def test_without_loop_it_keeps_its_last_picture(tmp_path: Path) -> None:
    played = Played(animation(tmp_path / "moves.webp"), loop=False, restart=False)
    assert near(pixels(played.pictures(20)[-1])[60, 135], (230, 180, 20))
    assert played.media.expected_rate is None


def test_one_that_restarts_shows_its_first_picture_until_it_is_on_air(tmp_path: Path) -> None:
    played = Played(animation(tmp_path / "moves.webp"))
    (first,) = played.pictures(2)
    assert near(pixels(first)[60, 15], (230, 20, 20))
    played.media.on_air_since = played.clock.now()
    assert [near(pixels(picture)[60, 75], (230, 100, 20)) for picture in played.pictures(5)][2:4] == [True, False]


def test_pictures_that_are_late_are_left_out_but_for_the_last(tmp_path: Path) -> None:
    played = Played(animation(tmp_path / "moves.webp"), restart=False)
    (first,) = played.pictures(1)
    played.clock.advance(0.45)
    (late,) = played.pictures(1)
    assert near(pixels(late)[60, 75], (230, 100, 20)), "the third is due from 0.3 s to 0.6 s"
    assert first is not late


def test_transparent_pictures_are_on_black(tmp_path: Path) -> None:
    drawn = [Image.new("RGBA", (160, 120), (255, 255, 255, 0)) for _ in range(2)]
    for number, picture in enumerate(drawn):
        picture.paste((20, 200, 20, 255), (80 * number, 0, 80 * number + 80, 120))
    drawn[0].save(tmp_path / "clear.webp", save_all=True, append_images=drawn[1:], duration=100, lossless=True)
    (_, second) = Played(tmp_path / "clear.webp", restart=False).pictures(2)
    assert near(pixels(second)[60, 120], (20, 200, 20))
    assert near(pixels(second)[60, 40], (0, 0, 0))


def test_a_broken_animation_is_a_sentence(tmp_path: Path) -> None:
    whole = animation(tmp_path / "moves.webp").read_bytes()
    (tmp_path / "torn.webp").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DeviceError, match=r"torn\.webp"):
        Played(tmp_path / "torn.webp", restart=False).pictures(5)


def photograph(size: tuple[int, int] = SIZE) -> Image.Image:
    """Red above, grey below, and a mark in the corner on the right below."""
    image = Image.new("RGB", size, P3_RED)
    image.paste((128, 128, 128), (0, size[1] // 2, *size))
    image.paste((250, 250, 250), (size[0] - 60, size[1] - 60, *size))
    return image


def written(path: Path) -> Path:
    """The photograph in HEIC of tiles or in AVIF, with the profile of a phone."""
    if path.suffix == ".heic":
        return write_heic(path, photograph(), profile=display_p3())
    photograph().save(path, icc_profile=display_p3(), quality=95)
    return path


def looks_right(there: Array) -> bool:
    """Whether all of the photograph is there, in its colours."""
    height, width = there.shape[:2]
    places = [(height // 4, width // 4), (height // 4, width * 3 // 4), (height * 5 // 8, width // 4)]
    expected = [(220, 20, 20), (220, 20, 20), (128, 128, 128)]
    whole = all(near(there[place], colour, 8) for place, colour in zip(places, expected, strict=True))
    return whole and near(there[height - 20, width - 20], (250, 250, 250), 8)


@pytest.mark.parametrize("name", ["phone.heic", "phone.avif"])
def test_a_photograph_of_a_phone_is_whole_and_in_its_colours(tmp_path: Path, name: str) -> None:
    path = written(tmp_path / name)
    (picture,) = Played(path, restart=False).pictures(3)
    there = pixels(picture)
    assert (picture.frame.width, picture.frame.height) == SIZE
    assert looks_right(there)
    assert looks_right(np.asarray(read_image(path, 640))[..., :3]), "as a logo"
    card = to_rgb(draw_card("", "", path, (640, 480)))
    assert near(card[120, 320], (220, 20, 20), 8)


def test_a_photograph_that_was_taken_upright_stands_upright(tmp_path: Path) -> None:
    lying = photograph().transpose(Image.Transpose.ROTATE_270)
    path = write_heic(tmp_path / "phone.heic", lying, profile=display_p3(), turns=1)
    (picture,) = Played(path, restart=False).pictures(2)
    assert (picture.frame.width, picture.frame.height) == SIZE
    assert looks_right(pixels(picture))


def test_a_large_photograph_takes_no_more_memory_than_is_of_use(tmp_path: Path) -> None:
    photograph((5000, 300)).save(tmp_path / "wide.avif", icc_profile=display_p3(), quality=90)
    (picture,) = Played(tmp_path / "wide.avif", restart=False).pictures(2)
    assert (picture.frame.width, picture.frame.height) == (3840, 230)


def test_an_hdr_photograph_is_tone_mapped(tmp_path: Path) -> None:
    film = hdr_film(tmp_path / "hdr.mkv", (320, 240), "smpte2084", count=1)
    with av.open(str(film)) as container:
        frame = next(container.decode(video=0))
    with av.open(str(tmp_path / "hdr.avif"), "w") as container:
        stream = container.add_stream("libsvtav1", rate=1)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p10le"
        context = stream.codec_context
        context.color_primaries, context.color_trc, context.colorspace = 9, 16, 9
        frame.pts = None
        container.mux([*stream.encode(frame), *stream.encode(None)])
    (picture,) = Played(tmp_path / "hdr.avif", restart=False).pictures(2)
    paper = pixels(picture)[60, 280]
    assert near(paper, PATCHES[3], 30), "PQ without tone mapping makes paper grey"


def test_one_that_cannot_be_read_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_heic(tmp_path / "phone.heic", photograph((64, 64)))
    monkeypatch.setattr("PIL.Image.open", _unidentified)
    with pytest.raises(DeviceError, match=r"phone\.heic"):
        Played(path)


def _unidentified(*_: object) -> Image.Image:
    raise OSError("cannot identify image file")
