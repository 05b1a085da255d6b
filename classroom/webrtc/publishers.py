"""The pages that send browser sources: at most one for each source, the newest."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from classroom.common.clock import Clock
from classroom.common.errors import CommandError
from classroom.common.sentences import Wording
from classroom.media.sources.base import Source
from classroom.media.sources.browser import Browser
from classroom.webrtc.ice.servers import IceServers
from classroom.webrtc.messages import Accepted, Tell
from classroom.webrtc.receiving.publisher import Publisher

__all__ = ["Publishers", "browser_source"]

_NO_OFFER = Wording("peer.no_offer", "Name the source to be, and give the offer: source and sdp.")
_NOT_SENT = Wording(
    "peer.not_sent", "'{source}' is a source of kind '{kind}'. Only one of kind 'browser' can be sent from a page."
)

Sources = Callable[[], Mapping[str, Source]]
"""The current sources of the lesson, of all kinds."""


class Publishers:
    """Starts publishers; each belongs to the session that asked, which ends it."""

    def __init__(self, *, sources: Sources, ice_servers: IceServers, clock: Clock) -> None:
        self._sources = sources
        self._ice_servers = ice_servers
        self._clock = clock
        self._sending: dict[str, Publisher] = {}

    def begin(self, source: str | None, sdp: str | None, tell: Tell) -> Publisher:
        """Answer a page's offer, and replace the page that sent before. Raises CommandError for an unknown source."""
        if source is None or sdp is None:
            raise CommandError.not_possible(_NO_OFFER())
        name = source
        browser_source(self._sources(), name)

        def find() -> Browser | None:
            found = self._sources().get(name)
            return found if isinstance(found, Browser) else None

        def gone(publisher: Publisher) -> None:
            if self._sending.get(name) is not publisher:
                return
            del self._sending[name]
            if (left := find()) is not None:
                left.leave()

        before = self._sending.pop(name, None)
        if before is not None:
            before.replace()
        tell(Accepted(self._ice_servers.for_page("publisher")))
        publisher = Publisher(
            name=name,
            sdp=sdp,
            source=find,
            ice_servers=self._ice_servers.for_viewer(),
            tell=tell,
            gone=gone,
            clock=self._clock,
        )
        self._sending[name] = publisher
        return publisher

    def end_removed(self) -> None:
        """End the publishers whose source was removed from the lesson, or has another kind now."""
        sources = self._sources()
        for name, publisher in list(self._sending.items()):
            if not isinstance(sources.get(name), Browser):
                publisher.remove()


def browser_source(sources: Mapping[str, Source], name: str) -> Browser:
    """The browser source of this name. Raises CommandError where there is none."""
    found = sources.get(name)
    if found is None:
        known = [each for each, source in sources.items() if isinstance(source, Browser)]
        raise CommandError.unknown("source", name, known)
    if not isinstance(found, Browser):
        raise CommandError.not_possible(_NOT_SENT(source=name, kind=found.kind))
    return found
