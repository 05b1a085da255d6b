from __future__ import annotations

from collections.abc import Mapping

import av
import numpy as np
import pytest

from classroom.common.alarms import Alarms, RestartSource, SetGain
from classroom.common.clock import ManualClock
from classroom.common.sentences import reason_of
from classroom.media.delivery import Delivery
from classroom.media.frames import Picture, PictureSlot
from classroom.media.health import MediaHealth
from classroom.media.level import Level
from classroom.media.sound import SoundInput
from classroom.media.sound_buffer import SoundBuffer
from classroom.media.supervisor import SourceStatus


class Room:
    """Sources and a program whose figures the test sets, and a clock it moves."""

    def __init__(self) -> None:
        self.clock = ManualClock(100.0)
        self.changes = 0
        self.alarms = Alarms(self._changed)
        self.slots: dict[str, PictureSlot] = {"cam": PictureSlot(), "card": PictureSlot()}
        self.statuses = {"cam": SourceStatus("camera", "live"), "card": SourceStatus("card", "live")}
        self.heard = {"mic": SourceStatus("microphone", "live"), "tune": SourceStatus("file", "live")}
        self.inputs = {name: SoundInput(SoundBuffer()) for name in self.heard}
        self.peaks = {"mic": -20.0, "tune": -20.0}
        self.lost = {"cam": 0}
        self.behind: dict[str, float] = {}
        self.made, self.missed, self.pace = 0, 0, (3, 0)
        self.mixed, self.skipped, self.sound_pace = 0, 0, (5, 0)
        self.stuck = False
        self.looked_after = 0
        self.subscribers = {"h264": 0, "h264 180p": 0, "opus": 0}
        self.leaving = dict.fromkeys(self.subscribers, 3)
        self.published = dict.fromkeys(self.subscribers, 0)
        self.health = MediaHealth(sources=self, program=self, alarms=self.alarms, clock=self.clock)
        self.show(90)

    def show(self, luma: int) -> None:
        planes = np.full((54, 64), 128, np.uint8)
        planes[:36] = luma
        for slot in self.slots.values():
            slot.put(Picture(av.VideoFrame.from_ndarray(planes, "yuv420p"), self.clock.now(), 1))

    def pictures(self) -> Mapping[str, SourceStatus]:
        return self.statuses

    def sounds(self) -> Mapping[str, SourceStatus]:
        return self.heard

    def losses(self) -> Mapping[str, int]:
        return self.lost

    def levels(self) -> Mapping[str, Level]:
        return {name: Level(peak, peak) for name, peak in self.peaks.items()}

    def deliveries(self) -> list[Delivery]:
        return [
            Delivery("sound" if name == "opus" else "picture", name, self.subscribers[name], self.published[name], 0.9)
            for name in self.subscribers
        ]

    def look_after(self) -> None:
        self.looked_after += 1

    def late(self) -> Mapping[str, float]:
        return self.behind

    @property
    def ticks(self) -> tuple[int, int]:
        return self.made, self.missed

    @property
    def sound_blocks(self) -> tuple[int, int]:
        return self.mixed, self.skipped

    def pass_time(self, seconds: float) -> list[tuple[str, str | None]]:
        for _ in range(round(seconds * 10)):
            self.clock.advance(0.1)
            for name, packets in self.leaving.items():
                self.published[name] += packets if self.subscribers[name] else 0
            self.made, self.missed = self.made + self.pace[0], self.missed + self.pace[1]
            self.mixed, self.skipped = self.mixed + self.sound_pace[0], self.skipped + self.sound_pace[1]
            self.health.look()
        return [(alarm.code, alarm.source) for alarm in self.alarms.raised()]

    def _changed(self) -> None:
        self.changes += 1


@pytest.fixture
def room() -> Room:
    return Room()


def test_where_all_is_well_nothing_is_said(room: Room) -> None:
    assert room.pass_time(120.0) == []
    assert room.changes == 0


def test_a_black_camera_is_told_and_a_black_card_is_not(room: Room) -> None:
    room.show(16)
    assert room.pass_time(2.0) == []
    assert room.pass_time(2.0) == [("source.black", "cam")]
    [alarm] = room.alarms.raised()
    assert alarm.remedy == RestartSource("cam")
    room.show(90)
    assert room.pass_time(1.0) == []


def test_a_camera_that_is_lost_is_not_called_black(room: Room) -> None:
    room.show(16)
    room.pass_time(4.0)
    room.statuses["cam"] = SourceStatus("camera", "lost", "Gone.")
    assert room.pass_time(1.0) == []


def test_a_silent_microphone_is_told_and_a_silent_file_is_not(room: Room) -> None:
    room.peaks.update(mic=-90.0, tune=-100.0)
    assert room.pass_time(59.0) == []
    assert room.pass_time(2.0) == [("audio.silent", "mic")]
    room.inputs["mic"] = SoundInput(SoundBuffer(), muted=True)
    assert room.pass_time(0.2) == []


def test_gain_does_not_make_a_silent_microphone_loud(room: Room) -> None:
    room.inputs["mic"] = SoundInput(SoundBuffer(), gain=20.0)
    room.peaks["mic"] = -70.0
    assert room.pass_time(61.0) == [("audio.silent", "mic")]


def test_what_is_too_loud_here_is_mended_by_less_gain(room: Room) -> None:
    room.inputs["tune"] = SoundInput(SoundBuffer(), gain=9.0)
    room.peaks["tune"] = 0.5
    assert room.pass_time(1.0) == [("audio.clipping", "tune")]
    [alarm] = room.alarms.raised()
    assert alarm.remedy == SetGain("tune", 3.0)
    room.inputs["tune"] = SoundInput(SoundBuffer(), gain=3.0)
    room.peaks["tune"] = -5.5
    assert room.pass_time(6.0) == []


def test_what_the_device_cuts_off_is_not_mended_by_less_gain(room: Room) -> None:
    room.inputs["mic"] = SoundInput(SoundBuffer(), gain=-12.0)
    room.peaks["mic"] = -12.0
    assert room.pass_time(1.0) == [("audio.clipping", "mic")]
    assert room.alarms.raised()[0].remedy is None


def test_a_device_whose_sound_comes_late_is_told_while_it_does(room: Room) -> None:
    room.behind["mic"] = 0.12
    assert room.pass_time(1.0) == []
    room.behind["mic"] = 0.3
    assert room.pass_time(0.2) == [("audio.late", "mic")]
    assert "is 0.3 s late" in room.alarms.raised()[0].sentence
    room.behind["mic"] = 0.31
    changes = room.changes
    room.pass_time(1.0)
    assert room.changes == changes
    room.behind["mic"] = 0.0
    assert room.pass_time(0.2) == []


def test_missed_ticks_are_told(room: Room) -> None:
    room.pace = (2, 1)
    assert room.pass_time(6.0) == [("program.overload", None)]
    room.pace = (3, 0)
    assert room.pass_time(8.0) == []
    assert room.changes == 2


def test_lost_sound_is_told_although_no_tick_is_missed(room: Room) -> None:
    assert room.pass_time(6.0) == []
    room.skipped += 12  # the mixer was held up once, for 0.24 s
    assert room.pass_time(6.0) == []
    room.skipped += 15
    assert room.pass_time(1.0) == [("program.sound_lost", None)]
    assert room.pass_time(8.0) == []


def test_a_source_that_stops_again_and_again_is_told(room: Room) -> None:
    for _ in range(3):
        room.lost["cam"] += 1
        room.pass_time(2.0)
    assert room.pass_time(1.0) == [("source.unsteady", "cam")]
    assert room.pass_time(31.0) == []


def test_alarms_of_two_sources_stand_side_by_side_and_go_with_their_sources(room: Room) -> None:
    room.slots["other"] = PictureSlot()
    room.statuses["other"] = SourceStatus("camera", "live")
    room.show(16)
    room.peaks["tune"] = 0.0
    assert set(room.pass_time(4.0)) == {("source.black", "cam"), ("source.black", "other"), ("audio.clipping", "tune")}
    del room.statuses["other"], room.inputs["tune"]
    assert room.pass_time(1.0) == [("source.black", "cam")]


def test_alarms_do_not_come_and_go_with_a_hiccup(room: Room) -> None:
    for _ in range(20):
        room.peaks["mic"] = 0.0
        room.pass_time(0.7)
        room.peaks["mic"] = -20.0
        room.pass_time(2.0)
    assert room.changes == 1


def test_every_alarm_can_be_said_in_another_language(room: Room) -> None:
    room.show(16)
    room.peaks.update(mic=-90.0, tune=0.0)
    room.pace, room.lost["cam"] = (1, 1), 3
    room.pass_time(61.0)
    room.lost["cam"] = 6
    room.pass_time(1.0)
    said = [(alarm.code, reason_of(alarm.sentence), alarm.source) for alarm in room.alarms.raised()]
    assert len(said) == 5
    for code, reason, source in said:
        assert reason == {"code": code, "params": {} if source is None else {"source": source}}


def test_a_picture_that_does_not_leave_is_told_within_a_second_and_until_it_does(room: Room) -> None:
    room.subscribers.update(h264=20, opus=20)
    assert room.pass_time(5.0) == []
    room.leaving["h264"] = 0
    assert room.pass_time(0.7) == []
    assert room.pass_time(0.3) == [("program.no_picture", None)]
    assert room.alarms.raised()[0].sentence.startswith("Students get no picture.")
    room.pass_time(60.0)
    room.leaving["h264"] = 3
    assert room.pass_time(0.1) == []


def test_sound_that_does_not_leave_is_told_as_well(room: Room) -> None:
    room.subscribers.update(h264=20, opus=20)
    room.pass_time(5.0)
    room.leaving["opus"] = 0
    assert room.pass_time(1.0) == [("program.no_sound", None)]
    room.leaving["opus"] = 5
    assert room.pass_time(0.1) == []


def test_one_size_that_is_missing_is_told_of_some_students(room: Room) -> None:
    room.subscribers.update({"h264": 20, "h264 180p": 3})
    room.pass_time(5.0)
    room.leaving["h264 180p"] = 0
    assert room.pass_time(1.0) == [("program.no_picture", None)]
    assert room.alarms.raised()[0].sentence.startswith("Some students get no picture.")
    room.subscribers["h264 180p"] = 0
    assert room.pass_time(0.1) == []


def test_what_nobody_takes_is_not_missing_and_the_first_packet_may_take_longer(room: Room) -> None:
    room.leaving["h264"] = 0
    assert room.pass_time(10.0) == []
    room.subscribers["h264"] = 1
    assert room.pass_time(1.7) == []
    assert room.pass_time(0.4) == [("program.no_picture", None)]


def test_a_computer_that_slept_has_not_left_students_without_a_picture(room: Room) -> None:
    room.subscribers.update(h264=20, opus=20)
    room.pass_time(5.0)
    room.leaving.update(h264=0, opus=0)
    room.clock.advance(60.0)
    assert room.pass_time(0.5) == []
    room.leaving.update(h264=3, opus=5)
    assert room.pass_time(5.0) == []


def test_a_part_that_hangs_for_good_is_told_and_threads_are_looked_after(room: Room) -> None:
    room.stuck = True
    assert room.pass_time(0.3) == [("program.stuck", None)]
    assert room.looked_after == 3
    room.stuck = False
    assert room.pass_time(0.1) == []
