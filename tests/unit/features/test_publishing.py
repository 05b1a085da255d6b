"""Who is invited to send a source, and until when."""

from __future__ import annotations

import pytest

from classroom.common.clock import ManualClock
from classroom.common.errors import CommandError
from classroom.control.invitations import Invitations
from classroom.features.base import Events, LessonFileApplied
from classroom.features.publishing import PublishingFeature
from classroom.media.sources.base import Source
from classroom.media.sources.browser import Browser
from tests.support.lessons import report


class Publishing:
    """A lesson with a source that a device may send."""

    def __init__(self) -> None:
        lesson = report("lesson: {title: Algebra}\nsources: {phone: {kind: browser}}\nscenes: {talk: phone}\n").lesson
        assert lesson is not None
        self.lesson = lesson
        self.events = Events()
        self.on_air: set[str] = set()
        self.invitations = Invitations()
        self.sources: dict[str, Source] = {"phone": Browser(name="phone", clock=ManualClock())}
        self.feature = PublishingFeature(
            lesson,
            invitations=self.invitations,
            sources=lambda: self.sources,
            secure_addresses=lambda path: [f"https://school.example{path}"],
            on_air=lambda: self.on_air,
            events=self.events,
        )
        self.key = str(self.feature.invite("phone")["path"]).rpartition("key=")[2]


def test_a_device_is_told_what_its_page_needs_and_nothing_else() -> None:
    assert Publishing().feature.welcome_guest("phone") == {
        "source": "phone",
        "title": "Algebra",
        "language": None,
        "secure_addresses": ["https://school.example/send"],
        "on_air": False,
        "sound": False,
    }


def test_a_device_is_told_whether_it_is_seen_and_heard() -> None:
    publishing = Publishing()
    publishing.on_air.add("phone")
    assert publishing.feature.guest_news("phone") == {"on_air": True, "sound": False}
    publishing.feature.apply(
        report("sources: {phone: {kind: browser}}\naudio: {phone: {source: phone}}\nscenes: {talk: phone}\n").lesson
        or publishing.lesson
    )
    assert publishing.feature.guest_news("phone") == {"on_air": True, "sound": True}


def test_an_invitation_holds_until_it_is_taken_back() -> None:
    publishing = Publishing()
    assert publishing.invitations.find(publishing.key) is not None
    publishing.feature.revoke("phone")
    assert publishing.invitations.find(publishing.key) is None


def test_only_a_source_that_a_page_can_send_has_invitations() -> None:
    publishing = Publishing()
    for ask in (publishing.feature.invite, publishing.feature.revoke):
        with pytest.raises(CommandError):
            ask("camera")


def test_a_source_that_is_gone_from_the_lesson_takes_its_invitation_along() -> None:
    publishing = Publishing()
    publishing.feature.apply(publishing.lesson)
    publishing.events.emit(LessonFileApplied(publishing.lesson))
    assert publishing.invitations.find(publishing.key) is not None
    publishing.sources.clear()
    publishing.events.emit(LessonFileApplied(publishing.lesson))
    assert publishing.invitations.find(publishing.key) is None
