"""When a server counts as failing, when it is asked again, and what the teacher is told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.common.alarms import Alarms
from classroom.lesson.sections import IceModel
from classroom.webrtc.ice.credentials import Credential
from classroom.webrtc.ice.probe import ProbeFailure
from classroom.webrtc.ice.server_check import IceServerCheck, ServerHealth, StudentRelayFaults
from classroom.webrtc.ice.servers import IceServerAddress, IceServers

ADA = {"username": "ada", "credential": "p"}
STALE = {"username": "1700000000:x", "credential": "p"}
WHYS: list[ProbeFailure | None] = [None, "silent", "refused", "full", "tls"]


class Checked:
    """A check of servers that answer what the test wants; ``why`` is by address."""

    def __init__(self, **ice: Any) -> None:
        self.changes = 0
        self.why: dict[str, ProbeFailure | None] = {}
        self.alarms = Alarms(self._changed)
        self.servers = IceServers(IceModel.model_validate(ice), wall=lambda: 2_000_000_000.0)
        self.check = IceServerCheck(self.servers, self.alarms, ask=self._ask, wall=lambda: 2_000_000_000.0)

    def _changed(self) -> None:
        self.changes += 1

    async def _ask(self, address: IceServerAddress, credential: Credential | None) -> ProbeFailure | None:
        return self.why.get(address.url)

    def sentences(self) -> dict[str, str]:
        return {alarm.code: alarm.sentence for alarm in self.alarms.raised()}

    async def after(self, **why: ProbeFailure | None) -> list[str]:
        """The addresses that viewers get after one check."""
        self.why = {url.replace("_", ":"): answer for url, answer in why.items()}
        await self.check.check()
        return [str(each.urls) for each in self.servers.for_viewer()]


async def test_one_lost_answer_is_forgiven_where_it_worked_before() -> None:
    checked = Checked(turn={"urls": "turn:a", "secret": "s"})
    assert await checked.after() == ["turn:a"]
    assert checked.check.pause == 60
    assert await checked.after(turn_a="silent") == ["turn:a"]
    assert checked.check.pause == 2
    assert await checked.after(turn_a="silent") == []
    assert list(checked.sentences()) == ["ice.no_relay"]
    assert [checked.check.pause, await checked.after(turn_a="silent"), checked.check.pause] == [4, [], 8]
    for _ in range(5):
        await checked.after(turn_a="silent")
    assert checked.check.pause == 30
    assert await checked.after() == ["turn:a"]
    assert checked.sentences() == {}
    assert checked.check.pause == 60
    assert checked.changes == 2


async def test_a_refusal_counts_at_once() -> None:
    checked = Checked(turn={"urls": "turn:a", "secret": "s"})
    await checked.after()
    assert await checked.after(turn_a="refused") == []
    assert "turn:a refuses the connection: check that ice.turn.secret" in checked.sentences()["ice.no_relay"]


async def test_while_one_serves_there_is_no_alarm() -> None:
    checked = Checked(
        servers=[{"urls": ["stun:a", "stun:b"]}], turn={"urls": ["turn:a", "turn:a?transport=tcp"], "secret": "s"}
    )
    assert await checked.after(stun_a="silent", turn_a="silent") == ["stun:b", "turn:a?transport=tcp"]
    assert checked.sentences() == {}
    await checked.after(stun_a="silent", stun_b="silent")
    await checked.after(stun_a="silent", stun_b="silent")
    assert list(checked.sentences()) == ["ice.no_stun"]


@pytest.mark.parametrize(
    ("server", "why", "sentence"),
    [
        (STALE, "refused", "the user name in ice.servers expired on 2023-11-14 22:13 UTC."),
        (ADA, "refused", "check username and credential in ice.servers."),
        ({}, "refused", "it requires a username and a credential in ice.servers."),
        (ADA, "silent", "turn:a does not answer: check its address, its firewall and that it is running."),
        (ADA, "full", "turn:a has no capacity left."),
        (ADA, "tls", "turn:a has a certificate that is not trusted here."),
    ],
)  # fmt: skip
async def test_the_likely_cause_is_told(server: dict[str, str], why: ProbeFailure, sentence: str) -> None:
    checked = Checked(servers=[{"urls": "turn:a", **server}])
    await checked.after(turn_a=why)
    told = checked.sentences()["ice.no_relay"]
    assert told.startswith("No relay server (TURN) can be used.")
    assert told.endswith(sentence)


async def test_without_servers_there_is_nothing_to_do() -> None:
    checked = Checked()
    await checked.check.run()
    assert checked.sentences() == {}


@given(st.lists(st.sampled_from(WHYS)))
def test_health_follows_the_last_answers(answers: list[ProbeFailure | None]) -> None:
    health = ServerHealth()
    for why in answers:
        health.note(why)
    if not answers or answers[-1] is None:
        assert not health.failing
    elif None not in answers or (len(answers) > 1 and answers[-2] is not None) or answers[-1] != "silent":
        assert health.failing
    else:
        assert not health.failing


def test_students_faults_are_one_alarm() -> None:
    alarms = Alarms(lambda: None)
    faults = StudentRelayFaults(alarms)

    def told() -> list[str]:
        return [alarm.sentence for alarm in alarms.raised()]

    faults.put("1", 401)
    refused = "it refuses the password (error 401), which is wrong or has expired"
    assert told() == [f"The relay server (TURN) fails for 1 student: {refused}."]
    faults.put("2", 701)
    faults.put("3", 486)
    faults.put("3", 486)
    [sentence] = told()
    assert "for 3 students" in sentence
    assert "it cannot be reached from their network" in sentence
    assert "it has no capacity left (error 486)" in sentence
    faults.put("1", None)
    faults.forget("2")
    faults.forget("unknown")
    assert "for 1 student" in told()[0]
    faults.forget("3")
    assert told() == []
