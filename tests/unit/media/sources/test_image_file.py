"""Picture files with a colour profile look the same everywhere: as a file, on a card, as a logo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from classroom.lesson.overlays import LogoOverlay
from classroom.media.overlay import build_overlay, lay_over
from classroom.media.picture import planes
from classroom.media.sources.card_drawing import draw_card
from classroom.media.sources.image_file import read_image
from tests.support.films import pictures, shown
from tests.support.pictures import Array, near, plain, to_rgb
from tests.support.profiles import display_p3, gray_of_gamma

MEANT = (220, 20, 20)
TOLERANCE = 8

P3_FROM_SRGB = np.array([[0.822462, 0.177538, 0.0], [0.033194, 0.966806, 0.0], [0.017083, 0.072397, 0.910520]])
"""Of linear light (CSS Color 4)."""


def in_p3(colour: tuple[int, int, int]) -> tuple[int, int, int]:
    """How Display P3 codes a colour of sRGB, worked out without an ICC library."""
    coded = np.array(colour) / 255
    light = P3_FROM_SRGB @ np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    red, green, blue = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055) * 255
    return round(red), round(green), round(blue)


def photograph(path: Path, profile: bytes | None = None, **options: Any) -> Path:
    """What a phone saves, of an odd size: above the meant colour, below grey."""
    image = Image.new("RGB", (321, 243), in_p3(MEANT))
    image.paste((128, 128, 128), (0, 122, 321, 243))
    image.save(path, icc_profile=display_p3() if profile is None else profile, **options)
    return path


def upper_and_lower(pixels: Array) -> tuple[Array, Array]:
    height, width = pixels.shape[:2]
    return pixels[height // 4, width // 2], pixels[height * 3 // 4, width // 2]


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif"])
def test_a_picture_in_display_p3_is_shown_in_its_colours(tmp_path: Path, suffix: str) -> None:
    upper, lower = upper_and_lower(shown(pictures(photograph(tmp_path / f"phone.{suffix}", quality=95))[0]))
    assert near(upper, MEANT, TOLERANCE)
    assert near(lower, (128, 128, 128), 3)


def test_it_stands_upright_too(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 8  # to be turned counterclockwise: what is above comes to the left
    frame = pictures(photograph(tmp_path / "phone.jpg", quality=95, exif=exif))[0]
    assert (frame.width, frame.height) == (243, 321)
    pixels = shown(frame)
    assert near(pixels[160, 40], MEANT, TOLERANCE)
    assert near(pixels[160, 200], (128, 128, 128), 3)


def test_a_large_photograph_is_made_smaller_in_its_aspect(tmp_path: Path) -> None:
    image = Image.new("RGB", (4800, 1800), in_p3(MEANT))
    image.save(tmp_path / "large.jpg", icc_profile=display_p3(), quality=90)
    frame = pictures(tmp_path / "large.jpg")[0]
    assert frame.width <= 4000
    assert frame.width / frame.height == pytest.approx(8 / 3, rel=0.01)
    assert near(shown(frame)[9, 9], MEANT, TOLERANCE)


def test_palettes_and_transparency_keep_their_colours(tmp_path: Path) -> None:
    half = Image.new("RGBA", (320, 240), (*in_p3(MEANT), 255))
    half.paste((0, 0, 0, 0), (0, 120, 320, 240))
    half.save(tmp_path / "logo.png", icc_profile=display_p3())
    half.convert("P").save(tmp_path / "palette.png", icc_profile=display_p3(), transparency=b"\xff" * 255)
    for name in ("logo.png", "palette.png"):
        pixels = np.asarray(read_image(tmp_path / name, 320))
        assert near(pixels[60, 160, :3], MEANT, TOLERANCE)
        assert pixels[60, 160, 3] == 255
    assert np.asarray(read_image(tmp_path / "logo.png", 320))[180, 160, 3] == 0


def test_a_scan_in_gray_is_as_bright_as_its_profile_says(tmp_path: Path) -> None:
    Image.new("L", (64, 48), 55).save(tmp_path / "scan.png", icc_profile=gray_of_gamma(1.0))
    expected = round((1.055 * (55 / 255) ** (1 / 2.4) - 0.055) * 255)
    assert near(shown(pictures(tmp_path / "scan.png")[0])[24, 32], (expected,) * 3, 3)
    assert near(np.asarray(read_image(tmp_path / "scan.png", 64))[24, 32, :3], (expected,) * 3, 3)


def test_a_card_and_a_logo_show_the_same_colours(tmp_path: Path) -> None:
    path = photograph(tmp_path / "phone.png")
    card = to_rgb(draw_card("", "", path, (640, 360)))
    assert near(card[120, 320], MEANT, TOLERANCE)
    overlay = build_overlay(LogoOverlay(image=path, size=0.4, corner="top-left", opacity=1.0), (640, 360))
    program = plain((0, 0, 0), 640, 360, "yuv420p")
    lay_over(planes(program), overlay.patch())
    assert near(to_rgb(program)[40, 100], MEANT, TOLERANCE)


@pytest.mark.parametrize("profile", [b"no profile", gray_of_gamma(1.0)])
def test_a_profile_that_is_broken_or_of_other_pictures_changes_nothing(tmp_path: Path, profile: bytes) -> None:
    path = photograph(tmp_path / "odd.png", profile)
    assert near(shown(pictures(path)[0])[60, 160], in_p3(MEANT), 3)
    assert near(np.asarray(read_image(path, 321))[60, 160, :3], in_p3(MEANT), 0)
