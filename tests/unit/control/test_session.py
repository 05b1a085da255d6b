"""What a session does with a teacher whose line takes nothing any more."""

from __future__ import annotations

from typing import cast

import pytest

from classroom.common.limited_log import LimitedLog
from classroom.common.throttle import GuessLimiter, Throttle
from classroom.control import session as session_module
from classroom.control.connection import ControlConnection
from classroom.control.invitations import Invitations
from classroom.control.session import Served, Session


class StuckConnection:
    """A connection on which nothing is sent."""

    address = "192.0.2.7"

    def __init__(self) -> None:
        self.cuts = 0

    def cut(self) -> None:
        self.cuts += 1


def test_who_takes_nothing_is_left_without_meters_and_cut_off_when_the_state_does_not_fit(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(session_module, "limited_log", LimitedLog(session_module.logger))
    connection = StuckConnection()
    session = Session(
        cast(ControlConnection, connection),
        served=cast(Served, None),
        token="t",
        invitations=cast(Invitations, None),
        guesses=GuessLimiter(Throttle(), forgives=True),
    )
    session.welcome = True
    for _ in range(1000):
        session.tell("meters")
    for revision in range(200):
        session._state_changed(revision, {"preview": None})
    assert connection.cuts == 0, "there is room for it, because the meters were left out"
    for revision in range(200, 400):
        session._state_changed(revision, {"preview": None})
    assert connection.cuts == 1
    assert [record.getMessage() for record in caplog.records] == [
        "the control connection of 192.0.2.7 cannot follow and is closed"
    ]
