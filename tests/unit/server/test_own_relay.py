"""The relay's owner: what it does when coturn cannot be started, or does not end."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from classroom.common.alarms import Alarms
from classroom.common.errors import AddressError
from classroom.lesson.load import lesson_from_text
from classroom.server import own_relay as module
from classroom.server import parent_watch
from classroom.server.own_relay import OwnRelay, RelayOptions
from tests.support.broadcast import eventually
from tests.unit.server.test_parent_watch import BESIDE, is_running, started

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no coturn for Windows")

LESSON = "sources: {me: {kind: pattern}}\nscenes: {talk: me}\n"
STUBBORN = (
    "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print(os.getpid(), flush=True); time.sleep(600)"
)


@pytest.fixture
def alarms() -> Alarms:
    return Alarms(lambda: None)


@pytest.fixture
def relay(monkeypatch: pytest.MonkeyPatch, alarms: Alarms) -> OwnRelay:
    monkeypatch.setattr(module, "find_coturn", lambda: "turnserver")
    lesson = lesson_from_text(LESSON, Path("lesson.yaml")).lesson
    assert lesson is not None
    return OwnRelay(lesson, host="lab.invalid", options=RelayOptions(0), alarms=alarms)


async def test_an_address_that_is_gone_for_a_moment_is_an_alarm_and_asked_for_again(
    relay: OwnRelay, alarms: Alarms, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0

    async def look_around() -> None:
        nonlocal looks
        looks += 1
        raise AddressError("The relay cannot listen on lab.invalid: the name is not known.")

    monkeypatch.setattr(module, "_SHORTEST_PAUSE", 0.01)
    monkeypatch.setattr(relay, "_look_around", look_around)
    keeping = asyncio.create_task(relay._keep())
    await eventually(lambda: looks >= 3 or keeping.done())
    assert not keeping.done()
    assert [each.code for each in alarms.raised()] == ["relay.stopped"]
    keeping.cancel()


async def test_what_does_not_end_is_ended_with_its_child(relay: OwnRelay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ENDED_WITHIN", 0.5)
    relay._process, child = await started(
        sys.executable, "-c", BESIDE, parent_watch.__file__, sys.executable, "-c", STUBBORN, session=True
    )
    await relay._end()
    await eventually(lambda: not is_running(child))
