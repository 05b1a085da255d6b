"""What teachers are told of what is wrong, and which command is offered to put it right."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import pytest

from classroom.broadcaster import COMMANDS
from classroom.common.alarms import Alarm, Alarms, ContinueCues, Remedy, RestartSource, SetGain
from classroom.common.sentences import Wording
from classroom.features.alarms import AlarmEntry, AlarmsFeature, command_of, describe
from classroom.features.base import AlarmCleared, AlarmRaised, Events
from classroom.media.supervisor import SourceState, SourceStatus


def alarms_section(
    statuses: Mapping[str, SourceStatus], on_air: Collection[str], others: Sequence[Alarm] = ()
) -> list[AlarmEntry]:
    raised = Alarms(lambda: None)
    for alarm in others:
        raised.put(alarm)
    return AlarmsFeature(statuses=lambda: statuses, on_air=lambda: on_air, others=raised, events=Events()).alarms()


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (SourceStatus("camera", "failed", "It is not there."), "source.failed"),
        (SourceStatus("stream", "lost", "It broke off."), "source.lost"),
        (SourceStatus("camera", "lost", "It sends nothing.", fault="stalled"), "source.stalled"),
        (SourceStatus("camera", "live", "It stands still.", fault="frozen"), "source.frozen"),
    ],
)
def test_a_source_that_is_not_there_comes_with_what_may_bring_it_back(status: SourceStatus, code: str) -> None:
    assert alarms_section({"cam": status}, ()) == [
        {
            "code": code,
            "source": "cam",
            "sentence": status.why,
            "reason": None,
            "method": "source.restart",
            "params": {"source": "cam"},
        }
    ]


def test_what_may_be_back_in_a_moment_is_no_alarm() -> None:
    statuses = {"new": SourceStatus("camera", "starting"), "cam": SourceStatus("camera", "lost", fault="stalled")}
    assert alarms_section(statuses, ("cam", "new")) == []


def test_a_source_that_is_well_hides_no_other() -> None:
    statuses = {
        "bars": SourceStatus("pattern", "live"),
        "phone": SourceStatus("browser", "lost", "'phone' is not connected."),
        "cam": SourceStatus("camera", "failed", "It is not there."),
    }
    assert [alarm["source"] for alarm in alarms_section(statuses, ())] == ["cam"]


@pytest.mark.parametrize("state", ["lost", "failed"])
def test_what_a_page_sends_is_missed_while_it_is_on_air_and_cannot_be_restarted(state: SourceState) -> None:
    statuses = {"phone": SourceStatus("browser", state, "'phone' is not connected yet.")}
    assert alarms_section(statuses, ("bars",)) == []
    assert alarms_section(statuses, ("bars", "phone")) == [
        {
            "code": f"source.{state}",
            "source": "phone",
            "sentence": "'phone' is not connected yet.",
            "reason": None,
            "method": None,
            "params": {},
        }
    ]


def test_the_rest_comes_after_the_sources() -> None:
    statuses = {"cam": SourceStatus("camera", "failed", "It is not there.")}
    codes = [alarm["code"] for alarm in alarms_section(statuses, (), [Alarm("ice.no_relay", "No relay.")])]
    assert codes == ["source.failed", "ice.no_relay"]


@pytest.mark.parametrize(
    ("remedy", "method", "params"),
    [
        (RestartSource("cam"), "source.restart", {"source": "cam"}),
        (SetGain("mic", -6.0), "audio.set", {"input": "mic", "gain": -6.0}),
        (ContinueCues(), "cue.next", {}),
    ],
)
def test_a_remedy_is_a_command_that_there_is(remedy: Remedy, method: str, params: dict[str, object]) -> None:
    assert command_of(remedy) == (method, params)
    COMMANDS[method].model.model_validate(params)
    described = describe(Alarm("source.black", "It is black.", "cam", remedy))
    assert (described["method"], described["params"]) == (method, params)


def test_alarms_of_sources_tell_what_their_sentence_is_made_of() -> None:
    why = Wording("camera.busy", "The camera '{camera}' is used by another program.")(camera="Desk")
    reason = {"code": "camera.busy", "params": {"camera": "Desk"}}
    statuses = {"cam": SourceStatus("camera", "failed", why), "bars": SourceStatus("pattern", "live")}
    [alarm] = alarms_section(statuses, ())
    assert (alarm["sentence"], alarm["reason"]) == (str(why), reason)


def test_others_hear_of_each_alarm_that_comes_changes_or_goes() -> None:
    events, alarms = Events(), Alarms(lambda: None)
    heard: list[object] = []
    for kind in (AlarmRaised, AlarmCleared):
        events.listen(kind, heard.append)
    feature = AlarmsFeature(statuses=dict, on_air=tuple, others=alarms, events=events)
    first, second = Alarm("ice.no_relay", "No relay."), Alarm("ice.no_relay", "Still no relay.")
    alarms.put(first)
    feature.alarms()
    feature.alarms()
    assert heard == [AlarmRaised(first)]
    alarms.put(second)
    feature.alarms()
    alarms.clear("ice.no_relay")
    feature.alarms()
    assert heard[1:] == [AlarmRaised(second), AlarmCleared(second)]
