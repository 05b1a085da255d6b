"""What teachers are told of sources that are not there."""

from __future__ import annotations

from typing import Any

import pytest

from classroom.common.alarms import Alarm
from classroom.common.sentences import Wording
from classroom.features.sources import alarms_section, sources_section
from classroom.media.supervisor import SourceState, SourceStatus


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


@pytest.mark.parametrize("state", ["lost", "failed"])
def test_what_a_page_sends_is_missed_while_it_is_on_air_and_cannot_be_restarted(state: SourceState) -> None:
    statuses = {"phone": SourceStatus("browser", state, "Nobody sends 'phone' yet.")}
    assert alarms_section(statuses, ("bars",)) == []
    assert alarms_section(statuses, ("bars", "phone")) == [
        {
            "code": f"source.{state}",
            "source": "phone",
            "sentence": "Nobody sends 'phone' yet.",
            "reason": None,
            "method": None,
            "params": {},
        }
    ]


def test_the_rest_comes_after_the_sources() -> None:
    statuses = {"cam": SourceStatus("camera", "failed", "It is not there.")}
    codes = [alarm["code"] for alarm in alarms_section(statuses, (), [Alarm("ice.no_relay", "No relay.")])]
    assert codes == ["source.failed", "ice.no_relay"]


def test_sources_and_their_alarms_tell_what_their_sentence_is_made_of() -> None:
    why = Wording("camera.busy", "The camera '{camera}' is used by another program.")(camera="Desk")
    reason = {"code": "camera.busy", "params": {"camera": "Desk"}}
    statuses = {"cam": SourceStatus("camera", "failed", why), "bars": SourceStatus("pattern", "live")}
    [alarm] = alarms_section(statuses, ())
    assert (alarm["sentence"], alarm["reason"]) == (str(why), reason)
    sources: Any = sources_section(statuses, {})
    assert (sources["cam"]["why"], sources["cam"]["reason"]) == (str(why), reason)
    assert (sources["bars"]["why"], sources["bars"]["reason"]) == (None, None)
