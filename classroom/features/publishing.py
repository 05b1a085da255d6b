"""Devices that send a source to the lesson: the teacher invites them, and revokes the invitation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set

from classroom.control.invitations import Invitations
from classroom.control.registry import Name, command
from classroom.control.session import GuestNews, GuestWelcome
from classroom.features.base import Events, Feature, LessonFileApplied
from classroom.lesson import Lesson
from classroom.lesson.audio import SourceInput
from classroom.media.sources.base import Source
from classroom.media.sources.browser import Browser
from classroom.server.invitation_link import SEND_PATH, InvitationLink, invitation
from classroom.webrtc.publishers import browser_source

__all__ = ["PublishingFeature"]


class PublishingFeature(Feature):
    """Invitations to send a source.

    ``sources`` tells the sources by name, ``secure_addresses`` where a page of the lesson is found by https, the best
    address first, ``on_air`` the sources that students can see.
    """

    def __init__(
        self,
        lesson: Lesson,
        *,
        invitations: Invitations,
        sources: Callable[[], Mapping[str, Source]],
        secure_addresses: Callable[[str], Sequence[str]],
        on_air: Callable[[], Set[str]],
        events: Events,
    ) -> None:
        self._lesson = lesson
        self._invitations = invitations
        self._sources = sources
        self._secure_addresses = secure_addresses
        self._on_air = on_air
        events.listen(LessonFileApplied, lambda _: self._revoke_removed())

    @command("source.invite")
    def invite(self, source: Name) -> InvitationLink:
        """Invite a device, such as a phone, to be a source of kind `browser`: answers with the `path` of its page.

        `address` is the same with https, `code` that as a QR code (a data URL of SVG); null without https.
        """
        browser_source(self._sources(), source)
        key = self._invitations.invite(source).key
        return invitation(source, key, self._secure_addresses(SEND_PATH))

    @command("source.uninvite")
    def revoke(self, source: Name) -> None:
        """Revoke the invitation to a source: its link no longer works, and devices that use it are disconnected."""
        browser_source(self._sources(), source)
        self._invitations.revoke(source)

    def welcome_guest(self, source: str) -> GuestWelcome:
        """The reply to the hello of an invited device, which gets no state."""
        return {
            "source": source,
            "title": self._lesson.lesson.title,
            "language": self._lesson.lesson.language,
            "secure_addresses": list(self._secure_addresses(SEND_PATH)),
            **self.guest_news(source),
        }

    def guest_news(self, source: str) -> GuestNews:
        """What an invited device is told again with each change."""
        heard = any(isinstance(each, SourceInput) and each.source == source for each in self._lesson.audio.values())
        return {"on_air": source in self._on_air(), "sound": heard}

    def apply(self, lesson: Lesson) -> None:
        """Take over another lesson; invitations for sources that are gone from it are revoked."""
        self._lesson = lesson
        self._revoke_removed()

    def _revoke_removed(self) -> None:
        self._invitations.keep({name for name, source in self._sources().items() if isinstance(source, Browser)})
