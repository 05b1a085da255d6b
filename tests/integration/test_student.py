"""Students of the article's way of speaking: raw sockets, HTTP/1.0, exact header case, and real media."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Literal

import numpy as np
import pytest

from classroom.broadcaster import Broadcaster
from classroom.features.scenes import ScenesFeature
from classroom.webrtc import viewer
from tests.support.broadcast import BUSY_MACHINE, broadcasting, eventually
from tests.support.machine import Machine
from tests.support.student import Student, student

COLOURS = """
lesson: {title: "颜色 and colours"}
sources:
  red:  {kind: camera, device: "lavfi:color=c=red:size=320x240:rate=15"}
  blue: {kind: camera, device: "lavfi:color=c=blue:size=640x360:rate=15"}
  gone: {kind: camera, device: "no such camera"}
  pause: {kind: camera, device: "lavfi:color=c=lime:size=640x360:rate=15"}
audio:
  tone: {kind: tone, frequency: 440, gain: -6}
scenes:
  red: red
  blue: blue
  both: {layout: picture-in-picture, show: [blue, red], corner: top-left, size: 50%}
  duo: {layout: side-by-side, show: [red, blue]}
  gone: gone
program: {size: 640x360, fps: 30, fallback: pause}
access: {max_students: 3}
recording: {start: never}
"""


@pytest.fixture
async def lesson() -> AsyncIterator[Broadcaster]:
    async with broadcasting(COLOURS) as running:
        yield running


def is_colour(pixel: tuple[int, int, int], name: str) -> bool:
    red, green, blue = pixel
    return {
        "red": red > 180 and green < 80 and blue < 80,
        "blue": red < 80 and green < 80 and blue > 180,
        "lime": red < 80 and green > 180 and blue < 80,
        "black": max(pixel) < 50,
    }[name]


async def sees(watcher: Student, colours: dict[tuple[float, float], str], *, within: float = 60.0) -> None:
    def right() -> bool:
        return watcher.picture is not None and all(
            is_colour(watcher.pixel(*place), colour) for place, colour in colours.items()
        )

    def seen() -> str:
        return str({place: watcher.pixel(*place) for place in colours} if watcher.picture else "no picture")

    try:
        await eventually(right, within=within)
    except AssertionError:
        pytest.fail(f"expected {colours}, saw {seen()}")


async def test_the_offer_comes_within_two_seconds_and_suits_old_clients(lesson: Broadcaster, machine: Machine) -> None:
    async with student(lesson.port) as watcher:
        [entry] = watcher.client.peers.items()
        assert entry[1].decode() == "颜色 and colours"
        loop = asyncio.get_running_loop()
        began = loop.time()
        sdp = (await watcher.offer(30.0))["sdp"]
        assert loop.time() - began < machine.allows(2.0)
        video = sdp[sdp.index("m=video") :]
        codecs = [line.split(" ", 1)[1] for line in video.splitlines() if line.startswith("a=rtpmap:")]
        assert codecs[0].startswith("H264/90000")
        assert "VP8/90000" in codecs
        assert "a=candidate:" in sdp
        assert "a=msid:" in video
        assert "opus/48000/2" in sdp


@pytest.mark.parametrize("codec", ["H264", "VP8"])
async def test_pictures_and_sound_arrive_and_follow_the_teacher(
    lesson: Broadcaster, codec: Literal["H264", "VP8"]
) -> None:
    async with student(lesson.port, codec=codec) as watcher:
        await watcher.watch()
        # 320x240 in 640x360: bars left and right, the picture between.
        await sees(watcher, {(0.5, 0.5): "red", (0.05, 0.5): "black", (0.95, 0.5): "black"})
        lesson.feature(ScenesFeature).switch("blue")
        await sees(watcher, {(0.5, 0.5): "blue", (0.02, 0.02): "blue"})
        lesson.feature(ScenesFeature).switch("both")
        await sees(watcher, {(0.9, 0.9): "blue", (0.25, 0.25): "red"})
        lesson.feature(ScenesFeature).switch("duo")
        await sees(watcher, {(0.25, 0.5): "red", (0.75, 0.5): "blue", (0.25, 0.02): "black"})
        assert watcher.picture is not None
        assert (watcher.picture.width, watcher.picture.height) == (640, 360)

        def plays_440() -> bool:
            sound = watcher.samples()[-24_000:]
            if len(sound) < 24_000 or np.sqrt(np.mean(sound**2)) < 0.05:
                return False
            spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
            return abs(float(np.argmax(spectrum)) * 48_000 / len(sound) - 440) < 5

        await eventually(plays_440, what="a tone of 440 Hz")


async def test_a_source_that_failed_shows_the_fallback(lesson: Broadcaster) -> None:
    state = lesson.state()
    sources, alarms = state["sources"], state["alarms"]
    assert isinstance(sources, dict)
    assert isinstance(alarms, list)
    assert sources["gone"]["state"] == "failed"
    assert sources["gone"]["why"]
    assert {
        (alarm["code"], alarm["source"], alarm["method"]) for alarm in alarms if alarm["code"] not in BUSY_MACHINE
    } == {("source.failed", "gone", "source.restart")}
    async with student(lesson.port) as watcher:
        await watcher.watch()
        await sees(watcher, {(0.5, 0.5): "red"})
        lesson.feature(ScenesFeature).switch("gone")
        await sees(watcher, {(0.5, 0.5): "lime"})


async def test_an_encoder_runs_only_while_somebody_uses_it(lesson: Broadcaster) -> None:
    def active() -> set[str]:
        encoders = lesson.statistics["encode"]
        return {codec for codec, each in encoders.items() if each["active"]}

    assert active() == set()
    async with student(lesson.port, codec="VP8") as watcher:
        await watcher.watch()
        await sees(watcher, {(0.5, 0.5): "red"})
        assert active() == {"vp8", "opus"}
        async with student(lesson.port, codec="H264") as other:
            await other.watch()
            await sees(other, {(0.5, 0.5): "red"})
            assert active() == {"vp8", "h264", "opus"}
        await eventually(lambda: active() == {"vp8", "opus"}, within=90)


async def test_nothing_a_peer_sends_disturbs_the_others(lesson: Broadcaster) -> None:
    async with student(lesson.port, name=b"good") as good, student(lesson.port, name=b"bad") as bad:
        await good.watch()
        await sees(good, {(0.5, 0.5): "red"})
        offer = await bad.offer()
        for body in (
            "garbage",
            "\x00\xff",
            "[[[[",
            json.dumps({"type": "answer", "sdp": "v=0"}),
            json.dumps({"type": "answer", "sdp": offer["sdp"].replace("m=video", "m=nothing")}),
            json.dumps({"type": "offer-loopback"}),
            json.dumps({"candidate": "candidate:1 1 udp 1 1.2.3.4 9 typ host", "sdpMid": "9", "sdpMLineIndex": 9}),
            json.dumps({"type": "hello", "app": "classroom", "ticket": ["a guess"]}),
            json.dumps({"type": "restart"}),
            "BYE",
        ):
            await bad.say(body)
        before = good.pictures
        await eventually(lambda: good.pictures > before + 30, what="pictures for the good student")


async def test_unresolvable_candidates_do_not_hinder_the_call(lesson: Broadcaster) -> None:
    async with student(lesson.port) as watcher:
        await watcher.watch()
        for number in range(5):
            nowhere = f"{number}d0a1b2c-0000-4000-8000-000000000000.local"
            line = f"candidate:{number} 1 udp 2122260223 {nowhere} 5000{number} typ host"
            await watcher.say({"candidate": line, "sdpMid": "0", "sdpMLineIndex": 0})
        await sees(watcher, {(0.5, 0.5): "red"})


async def test_bye_hangs_up_and_the_peer_stays(lesson: Broadcaster) -> None:
    async with student(lesson.port) as watcher:
        await watcher.watch()
        await sees(watcher, {(0.5, 0.5): "red"})
        await eventually(lambda: states(lesson) == ["watching"])
        await watcher.say("BYE")
        await eventually(lambda: states(lesson) == ["waiting"])


async def test_peers_that_leave_in_the_middle_leave_nothing_behind(lesson: Broadcaster) -> None:
    before = asyncio.all_tasks()
    for _ in range(5):
        async with student(lesson.port) as watcher:
            offer = await watcher.offer()
            answer = offer["sdp"]
            await watcher.say({"type": "answer", "sdp": answer})
            await watcher.client.sign_out()
    await eventually(lambda: not any(state == "waiting" for state in states(lesson)))

    def gone() -> bool:
        return not [task for task in asyncio.all_tasks() - before if "viewer" in task.get_name()]

    await eventually(gone, what="the viewers' tasks have ended")


async def test_who_vanished_is_sent_nothing_any_more(lesson: Broadcaster) -> None:
    async with student(lesson.port) as watcher:
        await watcher.watch()
        await sees(watcher, {(0.5, 0.5): "red"})
        await eventually(lambda: states(lesson) == ["watching"])
        assert watcher.connection is not None

        async def lost(data: bytes) -> None:
            """As when the machine is gone: no report leaves any more, and no goodbye. ICE's checks are answered on."""

        watcher.connection.getTransceivers()[0].receiver.transport.transport._send = lost
        await watcher.client.vanish()
        await eventually(lambda: states(lesson) == ["waiting"], within=28, what="the connection is given up")


async def test_who_has_nothing_more_to_say_after_its_answer_watches_on(
    lesson: Broadcaster, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As the original client, whose answer is the last that is heard of it."""
    monkeypatch.setattr(viewer, "_ANSWER_WITHIN", 3.0)
    caplog.set_level(logging.INFO, "classroom.webrtc.viewer")
    async with student(lesson.port) as watcher, student(lesson.port) as silent:
        await watcher.watch()
        await silent.offer()
        await eventually(lambda: "watching" in states(lesson))
        # That the one that came later and never answers is given up shows that the time of the other is over, too.
        await eventually(lambda: "did not connect within" in caplog.text)
        assert caplog.text.count("did not connect within") == 1
        before = watcher.pictures
        await eventually(lambda: watcher.pictures > before + 10)
        assert "watching" in states(lesson)


async def test_a_full_lesson_offers_no_more(lesson: Broadcaster) -> None:
    async with (
        student(lesson.port) as one,
        student(lesson.port) as two,
        student(lesson.port) as three,
        student(lesson.port) as four,
    ):
        for each in (one, two, three):
            await each.offer(30.0)
        [hub] = four.client.peers
        four.peer = hub
        await four.say({"type": "hello", "app": "classroom", "version": 1})
        message = await four.client.next_message(30.0)
        assert json.loads(message.body) == {"type": "refused", "why": "full"}


async def test_twenty_switches_in_ten_seconds(lesson: Broadcaster) -> None:
    scenes = ["red", "blue", "both", "duo"] * 5
    async with student(lesson.port) as watcher:
        await watcher.watch()
        await sees(watcher, {(0.5, 0.5): "red"})
        for scene in scenes:
            before = watcher.pictures
            lesson.feature(ScenesFeature).switch(scene)
            await eventually(lambda before=before: watcher.pictures >= before + 8)
        lesson.feature(ScenesFeature).switch("blue")
        await sees(watcher, {(0.5, 0.5): "blue", (0.02, 0.02): "blue"})
        program = lesson.state()["program"]
        assert isinstance(program, dict)
        assert program["scene"] == "blue"


def states(lesson: Broadcaster) -> list[str]:
    students = lesson.state()["students"]
    assert isinstance(students, dict)
    return [each["state"] for each in students.values()]
