"""The file in which a lesson is kept."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from classroom.lesson import progress_file as module
from classroom.lesson.progress import Progress
from classroom.lesson.progress_file import BUILT_IN, ProgressFile, ProgressWriter
from tests.support.broadcast import eventually
from tests.unit.lesson.test_progress import kept

LESSON = "/lessons/week3.yaml"


class Lesson:
    def __init__(self) -> None:
        self.now = kept()
        self.over = False
        self.looks = 0
        self.fault: Exception | None = None

    def change(self, **values: Any) -> None:
        self.now = self.now.model_copy(update=values)

    def describe(self) -> Progress:
        self.looks += 1
        if self.fault is not None:
            raise self.fault
        return self.now


@contextlib.asynccontextmanager
async def keeping(file: ProgressFile, lesson: Lesson, *, fresh: bool = False) -> Any:
    file.claim()
    async with contextlib.AsyncExitStack() as stack:
        ProgressWriter(file, describe=lesson.describe, fresh=fresh).keep(stack, over=lambda: lesson.over)
        yield
    file.release()


def stands(file: ProgressFile, scene: str) -> bool:
    found = file.read()
    return found is not None and found.scene == scene


def test_each_lesson_has_a_file_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    relative, absolute = ProgressFile.of(tmp_path, Path("a.yaml")), ProgressFile.of(tmp_path, tmp_path / "a.yaml")
    assert relative.path == absolute.path
    assert (
        len({relative.path, ProgressFile.of(tmp_path, None).path, ProgressFile.of(tmp_path, Path("b.yaml")).path}) == 3
    )
    assert ProgressFile.of(tmp_path, None).lesson == BUILT_IN


async def test_a_change_is_kept_soon_and_as_a_whole_and_the_end_at_once(tmp_path: Path) -> None:
    file, lesson = ProgressFile(tmp_path, LESSON), Lesson()
    async with keeping(file, lesson):
        await eventually(lambda: stands(file, "talk"))
        lesson.change(scene="desk")
        await eventually(lambda: stands(file, "desk"))
        lesson.change(scene="both")
    assert stands(file, "both")
    assert not file.path.with_suffix(".new").exists()
    if sys.platform != "win32":
        assert file.path.stat().st_mode & 0o777 == 0o600


async def test_many_changes_are_written_once_a_second_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, lesson, written = ProgressFile(tmp_path, LESSON), Lesson(), []
    monkeypatch.setattr(file, "write", lambda data: written.append(time.monotonic()))
    monkeypatch.setattr(module, "_LOOKS_EVERY", 0.01)
    began = time.monotonic()
    async with keeping(file, lesson):
        while len(written) < 4:
            lesson.change(scene=f"{time.monotonic()}")
            await asyncio.sleep(0.01)
        assert len(written) <= time.monotonic() - began + 2


async def test_a_lesson_that_was_ended_is_not_kept(tmp_path: Path) -> None:
    file, lesson = ProgressFile(tmp_path, LESSON), Lesson()
    async with keeping(file, lesson):
        await eventually(lambda: stands(file, "talk"))
        lesson.over = True
    assert file.read() is None


async def test_a_full_disk_costs_one_line_and_what_was_kept_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    file, lesson = ProgressFile(tmp_path, LESSON), Lesson()
    real = os.fsync

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "_WRITES_EVERY", 0.0)
    async with keeping(file, lesson):
        await eventually(lambda: stands(file, "talk"))
        monkeypatch.setattr(os, "fsync", full)
        for number in range(3):
            lesson.change(scene=f"desk{number}")
            await asyncio.sleep(0.4)
        await eventually(lambda: "No space left on device" in caplog.text)
        assert stands(file, "talk")
        monkeypatch.setattr(os, "fsync", real)
        lesson.change(scene="both")
        await eventually(lambda: stands(file, "both"))
    assert len([each for each in caplog.records if each.levelno >= logging.WARNING]) == 1


async def test_a_disk_that_hangs_does_not_keep_the_lesson_from_ending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, lesson = ProgressFile(tmp_path, LESSON), Lesson()
    monkeypatch.setattr(module, "_ENDS_WITHIN", 0.1)
    monkeypatch.setattr(file, "write", lambda data: time.sleep(5))
    began = time.monotonic()
    async with keeping(file, lesson):
        await asyncio.sleep(0.5)
    assert time.monotonic() - began < 4


async def test_begun_anew_by_mistake_gives_the_interrupted_lesson_back(tmp_path: Path) -> None:
    file, lesson = ProgressFile(tmp_path, LESSON), Lesson()
    file.claim()
    file.write(kept(scene="before").model_dump_json().encode())
    async with keeping(file, lesson, fresh=True):
        lesson.change(devices={})  # which come by themselves
    assert stands(file, "before")
    async with keeping(file, lesson, fresh=True):
        lesson.change(scene="desk")
    assert stands(file, "desk")
    lesson.over = True
    async with keeping(file, lesson, fresh=True):
        pass
    assert os.listdir(file.path.parent) == [file.path.with_suffix(".lock").name]


async def test_begun_anew_the_interrupted_lesson_is_the_one_that_is_kept_until_something_is_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever ends the process meanwhile: what would be read then is the interrupted lesson."""
    monkeypatch.setattr(module, "_LOOKS_EVERY", 0.01)
    monkeypatch.setattr(module, "_WRITES_EVERY", 0.0)
    monkeypatch.setattr(module, "_SIGN_OF_LIFE", 0.02)
    file, lesson = ProgressFile(tmp_path, LESSON), Lesson()
    file.claim()
    file.write(kept(scene="before").model_dump_json().encode())
    for _ in range(2):
        lesson.change(scene="talk")
        async with keeping(file, lesson, fresh=True):
            looks = lesson.looks
            while lesson.looks < looks + 20:
                lesson.change(devices={}, elapsed=lesson.now.elapsed + 1)
                assert stands(file, "before")
                await asyncio.sleep(0.01)
        assert stands(file, "before")
    async with keeping(file, lesson, fresh=True):
        lesson.change(scene="desk")
        await eventually(lambda: stands(file, "desk"))
        lesson.change(scene="talk")  # as at the beginning, but something was changed
    assert stands(file, "talk")


@pytest.mark.parametrize("fresh", [False, True])
async def test_a_lesson_that_cannot_say_how_it_is_begins_and_ends_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, fresh: bool
) -> None:
    file, lesson = ProgressFile(tmp_path, LESSON), Lesson()
    file.claim()
    file.write(kept(scene="before").model_dump_json().encode())
    lesson.fault = ValueError("of a test")
    async with keeping(file, lesson, fresh=fresh):
        pass
    assert "of a test" in caplog.text
    assert stands(file, "before")
    lesson.fault = None
    async with keeping(file, lesson, fresh=fresh):
        lesson.change(scene="desk")
        await eventually(lambda: stands(file, "desk"))
        lesson.fault = ValueError("of a test")
    assert stands(file, "desk")
    lesson.over = True
    async with keeping(file, lesson, fresh=fresh):
        pass
    assert file.read() is None


async def test_a_lesson_begun_anew_that_says_only_later_how_it_is_counts_as_unchanged_from_then(tmp_path: Path) -> None:
    file, lesson = ProgressFile(tmp_path, LESSON), Lesson()
    file.claim()
    file.write(kept(scene="before").model_dump_json().encode())
    lesson.fault = ValueError("of a test")
    async with keeping(file, lesson, fresh=True):
        await eventually(lambda: lesson.looks >= 2)
        lesson.fault = None
        looks = lesson.looks
        await eventually(lambda: lesson.looks >= looks + 3)
        assert stands(file, "before")
        lesson.change(scene="desk")
        await eventually(lambda: stands(file, "desk"))


def test_one_process_has_it_at_a_time(tmp_path: Path) -> None:
    first, second = ProgressFile(tmp_path, LESSON), ProgressFile(tmp_path, LESSON)
    assert first.claim()
    assert not second.claim()
    assert ProgressFile(tmp_path, "/lessons/other.yaml").claim()
    first.release()
    assert second.claim()


def test_what_nobody_goes_on_with_any_more_is_thrown_away(tmp_path: Path) -> None:
    old, new = ProgressFile(tmp_path, "/old.yaml"), ProgressFile(tmp_path, LESSON)
    old.claim()
    old.write(b"old")
    old.release()
    stranger = old.path.parent / "notes.txt"
    stranger.touch()
    for path in old.path.parent.iterdir():
        os.utime(path, (1.0, 1.0))
    new.claim()
    assert sorted(os.listdir(old.path.parent)) == sorted([new.path.with_suffix(".lock").name, "notes.txt"])


def test_the_lock_of_a_lesson_that_runs_is_not_thrown_away(tmp_path: Path) -> None:
    running = ProgressFile(tmp_path, LESSON)
    running.claim()
    running.release()
    os.utime(running.path.with_suffix(".lock"), (1.0, 1.0))  # it was given weeks ago, and is given again today
    running.claim()
    ProgressFile(tmp_path, "/other.yaml").claim()
    assert not ProgressFile(tmp_path, LESSON).claim()


async def test_a_moment_without_memory_costs_one_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, lesson, tries = ProgressFile(tmp_path, LESSON), Lesson(), []
    real = file.write

    def write(data: bytes) -> None:
        tries.append(data)
        if len(tries) == 1:
            raise MemoryError
        real(data)

    monkeypatch.setattr(file, "write", write)
    async with keeping(file, lesson):
        await eventually(lambda: len(tries) == 1)
        lesson.change(scene="desk")
        await eventually(lambda: stands(file, "desk"))


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are text there")
async def test_a_lesson_in_a_folder_whose_name_is_no_utf8_is_kept(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"Stra\xdfe") / "week3.yaml"
    file, lesson = ProgressFile.of(tmp_path, path), Lesson()
    lesson.change(lesson=file.lesson)
    async with keeping(file, lesson):
        await eventually(lambda: stands(file, "talk"))
    assert ProgressFile.of(tmp_path, path).read() == lesson.now


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
def test_a_pipe_in_its_place_is_not_waited_for(tmp_path: Path) -> None:
    file = ProgressFile(tmp_path, LESSON)
    file.claim()
    os.mkfifo(file.path)
    with pytest.raises(ValueError, match="not a file"):
        file.read()
