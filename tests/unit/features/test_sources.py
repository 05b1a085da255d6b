"""What teachers are told of the sources."""

from __future__ import annotations

from typing import cast

from classroom.common.sentences import Wording
from classroom.features.base import Events, SourceChanged
from classroom.features.sources import SourcesFeature, sources_section
from classroom.media.source_pool import SourcePool
from classroom.media.supervisor import SourceStatus


def test_sources_tell_what_their_sentence_is_made_of() -> None:
    why = Wording("camera.busy", "The camera '{camera}' is used by another program.")(camera="Desk")
    reason = {"code": "camera.busy", "params": {"camera": "Desk"}}
    statuses = {"cam": SourceStatus("camera", "failed", why), "bars": SourceStatus("pattern", "live")}
    sources = sources_section(statuses, {})
    assert (sources["cam"]["why"], sources["cam"]["reason"]) == (str(why), reason)
    assert (sources["bars"]["why"], sources["bars"]["reason"]) == (None, None)


class Pool:
    """Sources that are as a test says."""

    def __init__(self) -> None:
        self.statuses = {"cam": SourceStatus("camera", "starting")}
        self.restarted: list[str] = []

    def pictures(self) -> dict[str, SourceStatus]:
        return dict(self.statuses)

    def pages(self) -> dict[str, tuple[int, int | None]]:
        return {}

    def restart(self, name: str) -> None:
        self.restarted.append(name)


def test_others_hear_when_a_source_has_another_state() -> None:
    events, heard, pool = Events(), list[SourceChanged](), Pool()
    events.listen(SourceChanged, heard.append)
    feature = SourcesFeature(cast("SourcePool", pool), events=events)
    feature.sources()
    assert heard == []
    pool.statuses["cam"] = SourceStatus("camera", "live")
    feature.sources()
    pool.statuses = {"cam": SourceStatus("camera", "lost", "It broke off."), "new": SourceStatus("camera", "live")}
    feature.sources()
    feature.sources()
    assert heard == [
        SourceChanged("cam", "live", "starting", None),
        SourceChanged("cam", "lost", "live", "It broke off."),
    ]


def test_a_source_is_begun_again() -> None:
    pool = Pool()
    SourcesFeature(cast("SourcePool", pool), events=Events()).restart("cam")
    assert pool.restarted == ["cam"]
