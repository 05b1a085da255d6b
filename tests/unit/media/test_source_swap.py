"""Sources that are exchanged while a lesson runs, where the old one and the new one need the same device."""

from __future__ import annotations

import threading
from typing import Final

import av
import pytest

from classroom.common.clock import SystemClock
from classroom.common.errors import DeviceError
from classroom.media.source_swap import SourceSwap
from classroom.media.sources.base import Source
from classroom.media.supervisor import SourceRunner
from tests.support.lessons import lesson_of
from tests.support.waiting import wait_for

CLOCK: Final = SystemClock()


class Exclusive(Source):
    """A camera whose device only one can have open at a time; it tells of a refusal ``hesitates`` seconds later."""

    kind = "camera"

    def __init__(self, name: str, device: threading.Lock, *, hesitates: float = 0.0) -> None:
        super().__init__(name=name, clock=CLOCK, picture=True)
        self._device, self._hesitates = device, hesitates
        self._open = False
        self.refused = threading.Event()

    def open(self) -> None:
        self._open = self._device.acquire(blocking=False)
        if not self._open:
            self.refused.set()
            self.wait(self._hesitates)
            raise DeviceError("It is used by another program.")

    def read(self) -> None:
        self.show(av.VideoFrame(16, 16, "yuv420p"), CLOCK.now())
        self.wait(0.02)

    def close(self) -> None:
        if self._open:
            self._open = False
            self._device.release()


@pytest.mark.parametrize("hesitates", [0.0, 0.3])
def test_a_new_source_that_finds_its_device_with_one_that_leaves_gets_it_after_that(hesitates: float) -> None:
    device, lesson = threading.Lock(), lesson_of("sources: {a: {kind: pattern}}\nscenes: {b: a}\n")
    source = Exclusive("new", device, hesitates=hesitates)
    old, new = (
        SourceRunner(each, CLOCK, lambda: None, back_off=(60.0,)) for each in (Exclusive("old", device), source)
    )
    old.start()
    wait_for(lambda: old.status.state == "live")
    swap = SourceSwap(opening=[new], waiting=[], closing=[old], leaving=["old"], before=(lesson, {}, {}))
    try:
        swap.open()
        assert source.refused.wait(10)
        swap.close()
        wait_for(lambda: new.status.state == "live", seconds=10)
    finally:
        new.stop()
        old.stop()
