"""One student's feed follows the reports of its network until it is closed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiortc import RTCPeerConnection

from classroom.media.rendition import Rendition
from classroom.webrtc.rtp.feedback import Feedback
from classroom.webrtc.rtp.header import PlayoutDelay
from classroom.webrtc.sending.adaptive_feed import AdaptiveFeed
from classroom.webrtc.sending.feed import OfferedProgram, Reported, TimeLinePair
from classroom.webrtc.sending.playout_delay import PlayoutRule, PlayoutSetting

RENDITIONS = [
    cast(Rendition, SimpleNamespace(name=name, size=(0, height), bit_rate=rate, attainable=0.6 * rate, least_share=0.6))
    for name, height, rate in (("720p", 720, 1_500_000), ("180p", 180, 150_000))
]


class Program:
    """A program that notes what is fed to its only student, who can be let to report."""

    silence = 2.5
    send_jitter = 0.0
    time_lines: TimeLinePair = (None, None)
    movable = True

    def __init__(self) -> None:
        self.pictures = {"h264": RENDITIONS}
        self.picture = Feedback()
        self.sent = 0
        self.chosen: list[str] = []
        self.key_frames = 0
        self.measured = 0
        self.delay: PlayoutDelay | None = None
        self._reported: Reported = lambda _: None

    def feed(self, _: object, *, delay: PlayoutDelay | None, reported: Reported, **_codecs: object) -> Program:
        self.delay, self._reported = delay, reported
        return self

    def choose(self, rendition: Rendition, *, at_once: bool = False) -> None:
        self.chosen.append(rendition.name)

    def limit(self, **_: float | None) -> None:
        """Every limit is taken."""

    def request_key_frame(self) -> None:
        self.key_frames += 1

    async def measure(self) -> None:
        self.measured += 1

    def report(self, **values: Any) -> None:
        self.picture.reports += 1
        for name, value in values.items():
            setattr(self.picture, name, value)
        self._reported(0)


class Student:
    """A student's feed and the program behind it."""

    def __init__(self, setting: PlayoutSetting = "auto") -> None:
        self.program = Program()
        self.rule = PlayoutRule(setting)
        self.now = 0.0
        self.feed = AdaptiveFeed(
            cast(OfferedProgram, cast(Any, self.program)),
            cast(RTCPeerConnection, None),
            playout=self.rule,
            now=lambda: self.now,
        )

    @property
    def playout_delay(self) -> int | None:
        """Milliseconds; None where nothing is sent."""
        return None if self.program.delay is None else self.program.delay.least

    def full_network(self, seconds: int) -> None:
        """Let the student report each half second that its network is full."""
        for _ in range(2 * seconds):
            self.now += 0.5
            self.program.sent += 94_000
            self.program.report(estimate=150_000, loss=0.3, last_round_trip=0.3)


def test_nothing_is_sent_before_the_codec_is_agreed() -> None:
    student = Student()
    student.feed.shown(180)
    student.full_network(3)
    assert (student.feed.tier, student.program.chosen) == (None, [])


def test_the_full_size_is_sent_first_and_less_on_a_full_network() -> None:
    student = Student()
    student.feed.start("h264", height=None)
    assert student.feed.tier == "720p"
    student.full_network(8)
    assert (student.feed.tier, student.program.chosen) == ("180p", ["720p", "180p"])


def test_a_page_that_already_said_how_small_it_is_gets_the_small_size() -> None:
    student = Student()
    student.feed.start("h264", height=180)
    assert student.feed.tier == "180p"


@pytest.mark.parametrize(("setting", "before", "after"), [("auto", 0, 230), (200, 200, 200), ("off", None, None)])
def test_lost_packets_lengthen_the_playout_delay_only_where_it_is_automatic(
    setting: PlayoutSetting, before: int | None, after: int | None
) -> None:
    student = Student(setting)
    assert student.playout_delay == before
    student.program.report(loss=0.05, round_trip=0.1)
    assert student.playout_delay == after


@pytest.mark.parametrize(("setting", "waiting"), [("auto", 60), (200, 200), ("off", None)])
def test_pictures_wait_for_their_sound_while_they_should_only_where_it_is_automatic(
    setting: PlayoutSetting, waiting: int | None
) -> None:
    student = Student(setting)
    before = student.playout_delay
    student.rule.wait = 0.06
    assert student.playout_delay == waiting
    assert Student(setting).playout_delay == before
    student.program.report(loss=0.05, round_trip=0.1)
    assert student.playout_delay == (230 if setting == "auto" else waiting), "the network needs more"
    student.rule.wait = 0.0
    for second in range(60):
        student.now = float(second)
        student.program.report(loss=0.0, round_trip=0.1)
    assert student.playout_delay == before


def test_what_this_computer_delayed_itself_holds_no_pictures_back() -> None:
    student = Student()
    student.program.send_jitter = 0.18
    student.program.report(jitter=0.18)
    assert student.playout_delay == 0
    student.program.send_jitter = 0.0
    student.program.report(jitter=0.18)
    assert student.playout_delay == 500


async def test_a_closed_feed_follows_the_network_no_longer() -> None:
    student = Student()
    student.feed.start("h264", height=None)
    student.feed.close()
    student.full_network(8)
    await student.feed.measure()
    assert student.feed.tier == "720p"
    assert student.program.measured == 1


async def test_the_page_and_the_clock_reach_the_feed() -> None:
    student = Student()
    student.feed.request_key_frame()
    await student.feed.measure()
    assert (student.program.key_frames, student.program.measured, student.feed.silence) == (1, 1, 2.5)


@pytest.mark.parametrize("closed", [False, True])
async def test_a_page_that_became_small_is_followed_between_reports_until_the_end(closed: bool) -> None:
    student = Student()
    student.feed.start("h264", height=720)
    student.now += 1.0
    student.program.report(estimate=2_000_000, loss=0.0, last_round_trip=0.01)
    student.feed.shown(100)
    if closed:
        student.feed.close()
    for _ in range(7):
        student.now += 1.0
        await student.feed.measure()
    assert student.feed.tier == ("720p" if closed else "180p")
