"""Overlays, by looking at pixels of the program."""

from __future__ import annotations

import subprocess
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from classroom.common.errors import DeviceError
from classroom.lesson.overlays import ClockOverlay, LogoOverlay, StrapOverlay
from classroom.lesson.overlays import Overlay as OverlayModel
from classroom.media.overlay import Overlay, build_overlay, build_overlays
from classroom.media.picture import PictureMixer
from tests.support.odd_files import ODD_FILES, odd_file
from tests.support.pictures import BLUE, GREEN, RED, Array, full, near, plain, slot, to_rgb

SIZE = (640, 360)
PLACES = full("a", *SIZE)


def mixer(overlay: Overlay) -> PictureMixer:
    return PictureMixer(
        size=SIZE,
        slots={"a": slot(plain(GREEN, *SIZE))},
        fallback=None,
        fallback_card=plain(BLUE, 64, 36),
        overlays={"it": overlay},
    )


def seen(overlay: Overlay) -> Array:
    return to_rgb(mixer(overlay).compose(PLACES, frozenset("a"), ("it",)).frame())


def covered(picture: Array) -> tuple[slice, slice]:
    """Where the green of the source is not to be seen."""
    away = np.abs(picture.astype(int) - GREEN).max(2) > 24
    rows, columns = np.nonzero(away.any(1))[0], np.nonzero(away.any(0))[0]
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


@pytest.mark.parametrize("corner", ["top-left", "top-right", "bottom-left", "bottom-right"])
@pytest.mark.parametrize(
    "model",
    [StrapOverlay(title="Dr. Ada Lovelace", text="Linear algebra"), StrapOverlay(title="王老师"), ClockOverlay()],
    ids=["two lines", "Chinese", "clock"],
)
def test_it_stands_in_its_corner_and_leaves_the_rest_alone(model: OverlayModel, corner: str) -> None:
    rows, columns = covered(seen(build_overlay(model.model_copy(update={"corner": corner}), SIZE)))
    assert (rows.start > 180) == corner.startswith("bottom")
    assert (rows.stop < 180) == corner.startswith("top")
    assert (columns.start < 40) == corner.endswith("left")
    assert (columns.stop > 600) == corner.endswith("right")


def test_the_ground_of_a_strap_is_translucent() -> None:
    picture = seen(build_overlay(StrapOverlay(title="Ada"), SIZE))
    rows, columns = covered(picture)
    red, green, blue = (round((210 * mine + 45 * other) / 255) for mine, other in ((15, 0), (23, 255), (42, 0)))
    assert near(picture[rows.start + 2, columns.stop - 4], (red, green, blue), 8)


def test_text_of_any_length_stays_on_the_program() -> None:
    _, columns = covered(seen(build_overlay(StrapOverlay(title="W" * 120, text="w" * 200), SIZE)))
    assert columns.stop <= 640 * 0.75


def test_a_clock_is_drawn_anew_when_it_shows_another_time() -> None:
    time = datetime(2026, 1, 1, 10, 14, 58)
    there = mixer(build_overlay(ClockOverlay(), SIZE, now=lambda: time))
    first = there.compose(PLACES, frozenset("a"), ("it",))
    time = datetime(2026, 1, 1, 10, 14, 59)
    assert there.compose(PLACES, frozenset("a"), ("it",)) is first
    time = datetime(2026, 1, 1, 10, 15, 0)
    assert (there.compose(PLACES, frozenset("a"), ("it",)).pixels != first.pixels).any()


def test_a_logo_keeps_its_colours_its_aspect_and_its_holes(tmp_path: Path) -> None:
    drawing = np.zeros((40, 80, 4), np.uint8)
    drawing[:, 40:] = (*RED, 255)  # the left half is transparent
    Image.fromarray(drawing).save(tmp_path / "logo.png")
    logo = LogoOverlay(image=tmp_path / "logo.png", size=0.25, corner="top-left")
    picture = seen(build_overlay(logo, SIZE))
    rows, columns = covered(picture)
    assert columns.stop - columns.start == pytest.approx(80, abs=4)
    assert rows.stop - rows.start == pytest.approx(80, abs=4)
    middle = (rows.start + rows.stop) // 2, (columns.start + columns.stop) // 2
    assert near(picture[middle], RED, 16)
    half = seen(build_overlay(logo.model_copy(update={"opacity": 0.5}), SIZE))
    assert near(half[middle], (128, 128, 0), 16)


def test_what_cannot_be_drawn_is_left_out_and_says_why(tmp_path: Path) -> None:
    models: dict[str, OverlayModel] = {"logo": LogoOverlay(image=tmp_path / "none.png"), "time": ClockOverlay()}
    drawn, faults = build_overlays(models, SIZE)
    assert list(drawn) == ["time"]
    assert "cannot be read" in faults["logo"]
    with pytest.raises(DeviceError):
        build_overlay(models["logo"], SIZE)


def test_a_scene_without_overlays_shows_none() -> None:
    there = mixer(build_overlay(ClockOverlay(), SIZE))
    picture = to_rgb(there.compose(PLACES, frozenset("a")).frame())
    assert (np.abs(picture.astype(int) - GREEN) <= 6).all()


def test_a_clock_looks_for_its_font_once(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = datetime(2026, 1, 1, 10, 14, 58)
    clock = build_overlay(ClockOverlay(seconds=True), SIZE, now=lambda: moment)
    before = clock.patch()
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("a program is started in a tick"))
    moment = datetime(2026, 1, 1, 10, 14, 59)
    assert clock.patch() is not before


def test_a_torn_logo_is_left_out_whatever_is_torn_of_it(tmp_path: Path) -> None:
    path = tmp_path / "logo.png"
    Image.new("RGB", (8, 8)).save(path)
    data = path.read_bytes()
    place = data.index(b"IDAT")
    path.write_bytes(data[:place] + b"\xb6L\xe5\xee" + data[place + 4 :])
    drawn, faults = build_overlays({"logo": LogoOverlay(image=path)}, SIZE)
    assert (drawn, list(faults)) == ({}, ["logo"])


@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (4000, 1), (3, 5)])
@pytest.mark.parametrize("program", [(16, 16), (1280, 720), (90, 1600)])
def test_a_logo_and_a_program_of_any_size_fit_together(
    tmp_path: Path, size: tuple[int, int], program: tuple[int, int]
) -> None:
    Image.new("RGB", size, "red").save(tmp_path / "logo.png")
    for corner in ("top-left", "bottom-right"):
        logo = build_overlay(LogoOverlay(image=tmp_path / "logo.png", size=0.5, corner=corner), program)
        patch = logo.patch()
        assert patch.x + patch.added[0].shape[1] <= program[0]
        assert patch.y + patch.added[0].shape[0] <= program[1]


@pytest.mark.parametrize("kind", ODD_FILES)
@pytest.mark.timeout(60)
def test_nobody_waits_for_a_logo_from_a_pipe_or_a_device(kind: str, tmp_path: Path) -> None:
    _, faults = build_overlays({"logo": LogoOverlay(image=odd_file(kind, tmp_path / "logo.png"))}, SIZE)
    assert "cannot be read" in faults["logo"]
