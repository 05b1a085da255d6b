from __future__ import annotations

import logging
import threading
import time

import pytest

from classroom.media.worker import MOST_LEFT_BEHIND, Lease, Worker, join_all
from tests.support.machine import Machine
from tests.support.waiting import wait_for


class Work:
    """Work that goes on, hangs or ends, as the test says; every thread notes its lease."""

    def __init__(self) -> None:
        self.leases: list[Lease] = []
        self.hang = threading.Event()
        self.hangs = threading.Event()
        self.stop = threading.Event()
        self.let_go = threading.Event()
        self.fault: Exception | None = None
        self.handed_over = 0
        self.worker = Worker("work", self.run, self._hand_over)

    def run(self, lease: Lease) -> None:
        self.leases.append(lease)
        number = 0
        while lease.current and not self.stop.is_set():
            lease.piece = number = number + 1
            if self.fault is not None:
                raise self.fault
            if self.hang.is_set():
                self.hangs.set()
                self.let_go.wait(60)
            time.sleep(0.001)

    def look(self, times: int) -> None:
        for _ in range(times):
            self.worker.look()
            time.sleep(0.003)

    def _hand_over(self) -> None:
        self.handed_over += 1


def begun() -> Work:
    work = Work()
    work.worker.start()
    wait_for(lambda: work.leases)
    return work


def end(work: Work) -> None:
    work.worker.stop()
    work.stop.set()
    work.let_go.set()
    assert work.worker.join(30)


def test_a_thread_that_works_is_left_alone() -> None:
    work = begun()
    work.look(60)
    assert len(work.leases) == 1
    assert not work.worker.stuck
    end(work)


def test_a_thread_that_failed_is_begun_again_and_the_log_says_so_a_few_times(caplog: pytest.LogCaptureFixture) -> None:
    work = Work()
    work.fault = MemoryError("no memory today")
    with caplog.at_level(logging.WARNING):
        work.worker.start()

        def tried_often() -> bool:
            work.look(1)
            return len(work.leases) >= 8

        wait_for(tried_often)
        work.fault = None
        before = len(work.leases)

        def works() -> bool:
            work.look(1)
            return len(work.leases) > before or (work.leases[-1].piece or 0) > 1

        wait_for(works)
    assert "no memory today" in caplog.text
    assert len(caplog.records) <= 6
    end(work)


def test_a_thread_that_hangs_is_replaced_by_one_that_works() -> None:
    work = begun()
    work.hang.set()
    first = work.leases[0]
    assert work.hangs.wait(30)
    work.look(15)
    assert len(work.leases) == 1, "not yet: it may only be slow"
    work.hang.clear()
    work.look(15)
    wait_for(lambda: len(work.leases) == 2)
    assert (first.current, work.leases[1].current, work.handed_over) == (False, True, 1)
    work.look(60)
    assert len(work.leases) == 2
    end(work)


def test_of_those_that_hang_a_few_are_left_behind_and_then_it_is_said() -> None:
    work = begun()
    work.hang.set()
    work.look(300)
    assert len(work.leases) == MOST_LEFT_BEHIND + 1
    assert work.worker.stuck
    work.hang.clear()
    work.let_go.set()
    wait_for(lambda: sum(lease.thread is not None and lease.thread.is_alive() for lease in work.leases) == 1)
    work.look(3)
    assert not work.worker.stuck, "what hung has come back"
    end(work)


def test_where_no_thread_can_be_begun_it_is_tried_again_at_each_look(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_thread(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    work = Work()
    with monkeypatch.context() as broken:
        broken.setattr(threading.Thread, "start", no_thread)
        work.worker.start()
        work.look(5)
    assert not work.leases
    work.look(1)
    wait_for(lambda: work.leases)
    end(work)


def test_nobody_waits_for_each_that_hangs_in_turn(machine: Machine) -> None:
    works = [begun() for _ in range(4)]
    for work in works:
        work.hang.set()
    for work in works:
        assert work.hangs.wait(30)
    for work in works:
        work.worker.stop()
        work.stop.set()
    began = time.monotonic()
    assert join_all([work.worker for work in works], 0.5) == ["work"] * 4
    assert time.monotonic() - began < machine.allows(1.9), "half a second for all of them together"
    for work in works:
        end(work)
