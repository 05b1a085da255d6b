"""Saving the lesson file while the lesson runs: what is applied, what is not, and what students notice of it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from aiortc import RTCPeerConnection

from classroom.broadcaster import Broadcaster
from classroom.common.clock import SystemClock
from classroom.features.lesson_file import LessonFile, read_lesson_file
from classroom.features.scenes import ScenesFeature
from classroom.features.sound import SoundFeature
from tests.support.broadcast import BUSY_MACHINE, TOKEN, eventually
from tests.support.machine import Machine
from tests.support.odd_files import ODD_FILES, odd_file
from tests.support.process import teaching
from tests.support.student import Student, student
from tests.support.teacher import calling

LESSON = """\
lesson: {title: "A test lesson"}
sources:
  bars: {kind: pattern, size: 320x180, fps: 30}
  pause: {kind: card, title: "Back soon"}
audio:
  clap: {source: bars, gain: -6}
  tone: {kind: tone, gain: -12, muted: true}
scenes:
  talk: bars
  away: pause
program: {size: 320x180, fps: 30, fallback: pause}
recording: {start: never}
"""


class Running:
    """A lesson that runs from a file, and that file."""

    def __init__(self, broadcaster: Broadcaster, path: Path) -> None:
        self.broadcaster, self.path = broadcaster, path

    @property
    def port(self) -> int:
        return self.broadcaster.port

    def state(self, section: str) -> Any:
        return self.broadcaster.state()[section]

    def alarms(self) -> dict[str, str]:
        alarms = {alarm["code"]: alarm["sentence"] for alarm in self.state("alarms")}
        return {code: sentence for code, sentence in alarms.items() if code not in BUSY_MACHINE}

    def save(self, text: str) -> None:
        """Write the file as editors do: another one that takes its place."""
        beside = self.path.with_suffix(".new")
        beside.write_text(text, encoding="utf-8")
        os.replace(beside, self.path)


@contextlib.asynccontextmanager
async def running(folder: Path, text: str = LESSON) -> AsyncIterator[Running]:
    path = folder / "lesson.yaml"
    path.write_text(text, encoding="utf-8")
    report, mark = read_lesson_file(path)
    assert report.lesson is not None, report.faults
    broadcaster = Broadcaster(
        report.lesson,
        host="127.0.0.1",
        port=0,
        token=TOKEN,
        clock=SystemClock(),
        file=LessonFile(path, report.lesson, mark),
    )
    async with broadcaster:
        await broadcaster.sources_settled(60.0)
        yield Running(broadcaster, path)


async def test_what_is_saved_is_applied(tmp_path: Path) -> None:
    async with running(tmp_path) as lesson:
        lesson.save(
            LESSON.replace('"A test lesson"', "Another title")
            .replace("  pause: {kind", "  more: {kind: pattern, size: 160x90}\n  pause: {kind")
            .replace("  away: pause", "  both: {layout: side-by-side, show: [bars, more]}\n  away: pause")
            .replace("  tone: {kind: tone, gain: -12, muted: true}\n", "")
        )
        await eventually(lambda: list(lesson.state("scenes")) == ["talk", "both", "away"])
        await eventually(lambda: lesson.state("sources").get("more", {}).get("state") == "live")
        assert lesson.state("lesson")["title"] == "Another title"
        assert list(lesson.state("audio")) == ["clap"]
        assert lesson.state("program")["scene"] == "talk"
        assert lesson.alarms() == {}


async def test_a_scene_on_air_that_is_gone_gives_way_to_the_first(tmp_path: Path) -> None:
    async with running(tmp_path) as lesson:
        lesson.broadcaster.feature(ScenesFeature).switch("away")
        lesson.save(LESSON.replace("  away: pause\n", "").replace("fallback: pause", "fallback: null"))
        await eventually(lambda: lesson.state("program")["scene"] == "talk")
        lesson.save(LESSON.replace("  pause: {kind", "  other: {kind").replace("pause", "other"))
        await eventually(lambda: list(lesson.state("sources")) == ["bars", "other"])


async def test_what_the_teacher_set_stays_unless_the_file_changes_it(tmp_path: Path) -> None:
    async with running(tmp_path) as lesson:
        lesson.broadcaster.feature(SoundFeature).set("clap", gain=3.0, muted=True, duck=9.0, heard="always")
        lesson.broadcaster.feature(SoundFeature).set("tone", gain=-20.0, muted=False)
        lesson.save(LESSON.replace("gain: -12", "gain: -18"))
        await eventually(lambda: lesson.state("audio")["tone"]["gain"] == -18)
        assert lesson.state("audio")["tone"]["muted"] is False
        clap = lesson.state("audio")["clap"]
        assert [clap[key] for key in ("gain", "muted", "duck", "heard")] == [3.0, True, 9.0, "always"]
        lesson.save(LESSON.replace("gain: -6}", "gain: -6, duck: 12}"))
        await eventually(lambda: lesson.state("audio")["clap"]["duck"] == 12)
        assert lesson.state("audio")["clap"]["heard"] == "always"


async def test_a_faulty_file_changes_nothing_and_says_where_the_fault_is(tmp_path: Path) -> None:
    async with running(tmp_path) as lesson:
        lesson.save(LESSON.replace("away: pause", "away: puase").replace("A test", "Another"))
        await eventually(lambda: "lesson.file" in lesson.alarms())
        assert lesson.alarms()["lesson.file"] == (
            "The saved lesson file has faults, so nothing has changed. lesson.yaml:10:9: scenes.away: there is "
            "no source 'puase'; did you mean 'pause'?"
        )
        [alarm] = [alarm for alarm in lesson.state("alarms") if alarm["code"] == "lesson.file"]
        [fault] = alarm["reason"]["params"]["faults"]
        assert fault["reason"]["code"] == "lesson.fault_at_key"
        assert fault["reason"]["params"]["fault"]["reason"] == {
            "code": "fault.unknown_name",
            "params": {
                "noun": {"sentence": "source", "reason": {"code": "noun.source", "params": {}}},
                "name": "'puase'",
                "hint": {
                    "sentence": "; did you mean 'pause'?",
                    "reason": {"code": "hint.meant", "params": {"word": "pause"}},
                },
            },
        }
        assert lesson.state("lesson")["title"] == "A test lesson"
        lesson.path.unlink()
        await eventually(lambda: "is gone" in lesson.alarms().get("lesson.file", ""))
        lesson.save(LESSON)
        await eventually(lambda: "lesson.file" not in lesson.alarms())


async def test_what_needs_a_restart_is_said_and_the_rest_is_applied(tmp_path: Path) -> None:
    async with running(tmp_path) as lesson:
        lesson.save(
            LESSON.replace("size: 320x180, fps: 30, fallback", "size: 640x360, fps: 25, fallback") + "cues: []\n"
        )
        await eventually(lambda: "lesson.restart" in lesson.alarms())
        assert lesson.alarms()["lesson.restart"] == (
            "program.fps, program.size need a restart of the lesson. All other changes are applied."
        )
        lesson.save(LESSON)
        await eventually(lambda: "lesson.restart" not in lesson.alarms())


async def test_a_file_that_is_written_slowly_is_read_when_it_is_whole(tmp_path: Path) -> None:
    async with running(tmp_path) as lesson:
        changed = LESSON.replace('"A test lesson"', "Written slowly").replace("away: pause", "home: pause")
        seen = set()
        with lesson.path.open("w", encoding="utf-8") as file:
            for line in changed.splitlines(keepends=True):
                file.write(line)
                file.flush()
                seen |= set(lesson.alarms())
                await asyncio.sleep(0.1)
        await eventually(lambda: lesson.state("lesson")["title"] == "Written slowly")
        assert seen == set()


@pytest.mark.alone
async def test_a_changed_card_is_shown_and_a_changed_source_does_not_go_dark(tmp_path: Path) -> None:
    async with running(tmp_path) as lesson, student(lesson.port) as ada:
        await ada.watch()
        await eventually(lambda: ada.pictures > 10)
        # Yellow, or the flash, all along: from one pattern to another, without the fallback in between.
        watch = asyncio.create_task(colours(ada, 40))
        lesson.save(LESSON.replace("size: 320x180, fps: 30}\n  pause", "size: 320x180, fps: 15}\n  pause"))
        await eventually(lambda: 14 < (lesson.state("sources")["bars"]["fps"] or 0) < 16)
        assert [pixel for pixel in await watch if min(pixel[:2]) < 100] == []


async def colours(ada: Student, count: int) -> list[tuple[int, int, int]]:
    """The colour of the yellow bar, in so many pictures."""
    seen: list[tuple[int, int, int]] = []
    while len(seen) < count:
        ada.arrived.clear()
        await ada.arrived.wait()
        seen.append(ada.pixel(0.21, 0.2))
    return seen


@pytest.mark.alone
async def test_editing_the_file_fifty_times_while_a_student_watches(tmp_path: Path, machine: Machine) -> None:
    async with running(tmp_path) as lesson, student(lesson.port) as ada:
        await ada.watch()
        await eventually(lambda: ada.pictures > 30)
        connection, gaps = ada.connection, Gaps()
        watch = asyncio.create_task(gaps.watch(ada))
        for edit in range(1, 51):
            if edit % 10 == 0:
                lesson.save(edited(edit) + "nonsense: [\n")
                await eventually(lambda: "lesson.file" in lesson.alarms())
                continue
            lesson.save(edited(edit))
            await eventually(lambda edit=edit: lesson.state("lesson")["title"] == f"Edit {edit}")
            assert set(lesson.state("scenes")) == {"talk", "away", f"scene {edit % 3}"}
            assert "lesson.file" not in lesson.alarms()
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)
        assert ada.connection is connection
        assert connection is not None
        assert connection.connectionState == "connected"
        assert len(ada.offers) == 1
        assert lesson.alarms().keys() == {"lesson.file"}
        assert gaps.longest <= machine.allows(0.3)


class Gaps:
    """The longest time without a picture at a student, in seconds."""

    def __init__(self) -> None:
        self.longest = 0.0

    async def watch(self, ada: Student) -> None:
        last = time.monotonic()
        while True:
            ada.arrived.clear()
            before = ada.pictures
            await ada.arrived.wait()
            if ada.pictures != before:
                now = time.monotonic()
                self.longest, last = max(self.longest, now - last), now


def edited(edit: int) -> str:
    """Another title each time, and by turns other sources, scenes, inputs, overlays and cues."""
    text = LESSON.replace('"A test lesson"', f"Edit {edit}")
    text = text.replace("  away: pause\n", f"  away: pause\n  scene {edit % 3}: bars\n")
    if edit % 2:
        text = text.replace("  pause:", "  more: {kind: pattern, size: 160x90}\n  pause:")
    if edit % 5 == 1:
        text = text.replace("size: 320x180, fps: 30}\n", f"size: 320x180, fps: {20 + edit % 7}}}\n")
    if edit % 3 == 1:
        text = text.replace("  tone: {kind: tone, gain: -12, muted: true}\n", "")
    if edit % 4 == 1:
        text += "overlays: {time: {kind: clock, seconds: true}}\n"
    if edit % 7 == 1:
        text += "cues: [{after: 1h, card: pause}]\n"
    return text


async def test_who_comes_from_now_on_is_asked_for_the_new_passcode(tmp_path: Path) -> None:
    async with running(tmp_path) as lesson, ClientSession(f"http://127.0.0.1:{lesson.port}") as session:

        async def answer() -> int:
            async with session.get("/sign_in?ada@pc") as response:
                return response.status

        assert await answer() == 200
        lesson.save(LESSON + "access: {passcode: apple}\n")
        await eventually(lambda: asked(answer))


BROWSER = LESSON.replace("  pause: {kind", "  phone: {kind: browser}\n  laptop: {kind: browser}\n  pause: {kind")


@pytest.mark.parametrize("instead", ["", "  phone: {kind: pattern}\n"])
async def test_what_is_sent_to_a_source_that_is_gone_ends(tmp_path: Path, instead: str) -> None:
    async with running(tmp_path, BROWSER) as lesson, calling(lesson.broadcaster) as teacher:
        key = (await teacher.ask("source.invite", source="phone"))["result"]["path"].partition("&key=")[2]
        connection = RTCPeerConnection()
        try:
            connection.addTransceiver("video", direction="sendonly")
            await connection.setLocalDescription(await connection.createOffer())
            offer = {"role": "publish", "sdp": connection.localDescription.sdp}
            phone, laptop = [
                (await teacher.ask("peer.offer", source=source, **offer))["result"]["peer"]
                for source in ("phone", "laptop")
            ]
            async with calling(lesson.broadcaster, key=key) as guest:
                assert "result" in guest.greeting
                lesson.save(BROWSER.replace("  phone: {kind: browser}\n", instead))
                assert await teacher.hears("closed") == {"peer": phone, "type": "closed", "why": "removed"}
                await asyncio.wait_for(guest.connection.wait_closed(), 10)
            async with calling(lesson.broadcaster, key=key) as late:
                assert late.greeting["error"]["code"] == -32001
            assert "result" in await teacher.ask("peer.close", peer=laptop)
        finally:
            await connection.close()


async def test_more_students_may_come_once_the_file_says_so(tmp_path: Path) -> None:
    few = LESSON + "access: {max_students: 1}\n"
    async with running(tmp_path, few) as lesson, ClientSession(f"http://127.0.0.1:{lesson.port}") as session:

        async def answer() -> int:
            async with session.get("/sign_in?ada@pc") as response:
                return response.status

        while not await asked(answer):
            pass
        lesson.save(LESSON + "access: {max_students: 2}\n")
        await eventually(lambda: admitted(answer))


async def admitted(answer: Callable[[], Awaitable[int]]) -> bool:
    return await answer() == 200


async def asked(answer: Callable[[], Awaitable[int]]) -> bool:
    return await answer() != 200


@pytest.mark.parametrize("kind", ODD_FILES)
async def test_a_pipe_or_a_device_in_the_place_of_the_file_is_told_and_a_good_file_taken_after(
    kind: str, tmp_path: Path
) -> None:
    async with running(tmp_path) as lesson:
        lesson.path.unlink()
        odd_file(kind, lesson.path)
        await eventually(lambda: "is a pipe or a device" in lesson.alarms().get("lesson.file", ""))
        lesson.save(LESSON.replace("A test lesson", "A good one"))
        await eventually(lambda: lesson.state("lesson")["title"] == "A good one")
        assert lesson.alarms() == {}


async def test_a_lesson_ends_when_told_though_its_file_and_its_pictures_are_pipes(tmp_path: Path) -> None:
    path = tmp_path / "lesson.yaml"
    odd_file("pipe", tmp_path / "film.mp4")
    odd_file("zero", tmp_path / "picture.png")
    odd_file("pipe", tmp_path / "pages.pdf")
    path.write_text(
        LESSON.replace("scenes:", "scenes:\n  film: film\n  page: pages").replace(
            "audio:",
            "  film: {kind: file, path: film.mp4}\n  pages: {kind: slides, file: pages.pdf}\n"
            "  card: {kind: card, image: picture.png}\naudio:",
        ),
        "utf-8",
    )
    async with teaching(str(path), "--port", "0") as lesson:
        path.unlink()
        odd_file("pipe", path)
        await eventually(lambda: any("pipe or a device" in line for line in lesson.log))
        assert await lesson.interrupt() == 0
