"""What teachers are told of the sources."""

from __future__ import annotations

from classroom.common.sentences import Wording
from classroom.features.sources import sources_section
from classroom.media.supervisor import SourceStatus


def test_sources_tell_what_their_sentence_is_made_of() -> None:
    why = Wording("camera.busy", "The camera '{camera}' is used by another program.")(camera="Desk")
    reason = {"code": "camera.busy", "params": {"camera": "Desk"}}
    statuses = {"cam": SourceStatus("camera", "failed", why), "bars": SourceStatus("pattern", "live")}
    sources = sources_section(statuses, {})
    assert (sources["cam"]["why"], sources["cam"]["reason"]) == (str(why), reason)
    assert (sources["bars"]["why"], sources["bars"]["reason"]) == (None, None)
