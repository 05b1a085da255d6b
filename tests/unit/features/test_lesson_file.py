"""A saved lesson file is applied, or the teacher sees why it is not."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from classroom.common.alarms import Alarms
from classroom.common.paths import FileMark, file_mark
from classroom.common.tasks import end
from classroom.features import lesson_file
from classroom.features.lesson_file import LessonFile, LessonFileWatch, read_lesson_file
from classroom.lesson import Lesson
from tests.support.port import until

TEXT = "sources: {camera: {kind: camera}}\nscenes: {talk: camera}\n"


class Watched:
    """A watched lesson file, the lessons that were applied, and the alarms."""

    def __init__(self, path: Path, text: str = TEXT) -> None:
        self.path = path
        self.save(text)
        report, mark = read_lesson_file(path)
        assert report.lesson is not None
        self.alarms = Alarms(lambda: None)
        self.applied: list[Lesson] = []
        file = LessonFile(path, report.lesson, mark)
        self.watch = LessonFileWatch(file, apply=self._apply, alarms=self.alarms, every=0.005)

    def save(self, text: str) -> None:
        """Replace the file, as editors do."""
        new = self.path.with_suffix(".new")
        new.write_text(text, encoding="utf-8")
        os.replace(new, self.path)

    def sentences(self) -> dict[str, str]:
        return {alarm.code: str(alarm.sentence) for alarm in self.alarms.raised()}

    def write(self, text: str) -> None:
        """Write into the file that is there, as a copy over the network does."""
        with self.path.open("w", encoding="utf-8", newline="") as file:
            file.write(text)

    async def _apply(self, lesson: Lesson) -> None:
        if lesson.lesson.title == "Bad luck":
            raise ValueError("the password is Geheim#1")
        self.applied.append(lesson)


@pytest_asyncio.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    made = Watched(tmp_path / "lesson.yaml")
    task = asyncio.create_task(made.watch.run())
    yield made
    await end(task)


async def test_a_saved_file_is_applied_once(watched: Watched) -> None:
    watched.save(TEXT + "lesson: {title: Optics}\n")
    await until(lambda: len(watched.applied) == 1)
    watched.save(TEXT + "lesson: {title: Acoustics}\n")
    await until(lambda: len(watched.applied) == 2)
    assert [lesson.lesson.title for lesson in watched.applied] == ["Optics", "Acoustics"]
    assert watched.sentences() == {}


async def test_a_file_with_faults_is_not_applied_and_the_alarm_quotes_three_of_them(watched: Watched) -> None:
    watched.save(TEXT + "program: {fps: 99, size: 3, start: x, duration: never, fallback: y}\n")
    await until(lambda: "lesson.file" in watched.sentences())
    said = watched.sentences()["lesson.file"]
    assert said.startswith("The saved lesson file has faults, so nothing has changed. lesson.yaml:3:")
    assert said.count("lesson.yaml:") == 3
    assert said.endswith("and 2 more")
    assert watched.applied == []
    watched.save(TEXT)
    await until(lambda: len(watched.applied) == 1)
    assert watched.sentences() == {}


async def test_a_fault_of_the_file_as_a_whole_is_quoted_without_a_key(watched: Watched) -> None:
    watched.save("sources: [\n")
    await until(lambda: "lesson.file" in watched.sentences())
    assert "lesson.yaml:2:1: " in watched.sentences()["lesson.file"]


async def test_a_file_that_is_gone_changes_nothing_until_it_is_back(watched: Watched) -> None:
    watched.path.unlink()
    await until(lambda: "lesson.file" in watched.sentences())
    assert "lesson.yaml is gone" in watched.sentences()["lesson.file"]
    assert watched.applied == []
    watched.save(TEXT)
    await until(lambda: len(watched.applied) == 1)
    assert watched.sentences() == {}


async def test_keys_that_need_a_restart_are_named_until_they_are_as_before(watched: Watched) -> None:
    watched.save(TEXT + "server: {port: 9999}\n")
    await until(lambda: "lesson.restart" in watched.sentences())
    assert watched.sentences()["lesson.restart"].startswith("server.port needs a restart of the lesson.")
    watched.save(TEXT + "server: {port: 9999, host: 127.0.0.1}\n")
    await until(
        lambda: " and " in watched.sentences()["lesson.restart"] or "," in watched.sentences()["lesson.restart"]
    )
    assert "need a restart" in watched.sentences()["lesson.restart"]
    watched.save(TEXT)
    await until(lambda: watched.sentences() == {})
    assert len(watched.applied) == 3


async def test_a_file_that_cannot_be_applied_is_told_of_without_its_secrets(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    watched.save(TEXT + "lesson: {title: Bad luck}\nserver: {port: 9999}\n")
    await until(lambda: "lesson.file" in watched.sentences())
    assert watched.sentences() == {
        "lesson.file": "The saved lesson file cannot be applied because of a fault in the program (ValueError), so "
        "everything is as before. Stop the lesson and start it again to use the file."
    }
    assert "is not applied" in caplog.text
    watched.save(TEXT + "lesson: {title: Optics}\n")
    await until(lambda: len(watched.applied) == 1)
    assert watched.sentences() == {}


WHOLE = TEXT + "lesson: {title: Optics}\n# " + "x" * 900 + "\nprogram: {fps: 25}\n"


@pytest.mark.parametrize(
    "piece",
    [
        "",
        TEXT.rstrip("\n"),
        TEXT + "# " + "x" * (512 - len(TEXT) - 3) + "\n",
        TEXT[: TEXT.index("scenes")],
        TEXT,
    ],
    ids=["nothing", "no end", "a block", "no scenes", "short"],
)
async def test_a_half_written_file_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: str) -> None:
    looks = 0

    def mark(path: Path) -> FileMark | None:
        nonlocal looks
        looks += 1
        return file_mark(path)

    watched = Watched(tmp_path / "lesson.yaml", WHOLE)
    monkeypatch.setattr(lesson_file, "file_mark", mark)
    task = asyncio.create_task(watched.watch.run())
    watched.write(piece)
    begin = looks
    await until(lambda: looks >= begin + 5)
    assert (watched.applied, watched.sentences()) == ([], {}), "two seconds in a lesson"
    watched.write(WHOLE.replace("Optics", "Acoustics"))
    await until(lambda: len(watched.applied) == 1)
    assert watched.applied[0].lesson.title == "Acoustics"
    assert watched.sentences() == {}
    await end(task)


async def test_a_short_file_that_stays_is_applied(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "lesson.yaml", WHOLE)
    task = asyncio.create_task(watched.watch.run())
    watched.write(TEXT.rstrip("\n"))
    await until(lambda: len(watched.applied) == 1)
    await end(task)


async def test_a_file_that_replaces_another_is_whole_however_short(tmp_path: Path) -> None:
    looks = 0

    def mark(path: Path) -> FileMark | None:
        nonlocal looks
        looks += 1
        return file_mark(path)

    watched = Watched(tmp_path / "lesson.yaml", WHOLE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lesson_file, "file_mark", mark)
        task = asyncio.create_task(watched.watch.run())
        watched.save(TEXT.rstrip("\n"))
        await until(lambda: len(watched.applied) == 1)
        assert looks <= 4
        await end(task)


def test_a_file_that_is_gone_before_it_is_read_is_no_half_of_one(tmp_path: Path) -> None:
    path = tmp_path / "lesson.yaml"
    path.write_text("sources:", encoding="utf-8")
    mark = file_mark(path)
    assert lesson_file._half_written(path, None, mark), "its last line has no end"
    path.unlink()
    assert not lesson_file._half_written(path, None, mark)
