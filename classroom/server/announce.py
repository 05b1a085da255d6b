"""Announces the lesson to the network by mDNS and DNS-SD (RFC 6762, 6763), where the extra ``announce`` is installed.

Programs and file managers that browse for web pages then list the lesson by its title, and the address with the name
``classroom-COMPUTER.local`` works on every system that asks mDNS for such names. A lesson does not depend on
it: a failure here is a line in the log.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import logging
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, Final

from classroom.server.addresses import announced_host, lan_addresses

if TYPE_CHECKING:
    from zeroconf.asyncio import AsyncServiceInfo

__all__ = ["SERVICES", "Announcement", "can_announce", "listened_addresses"]

logger = logging.getLogger(__name__)

SERVICES: Final = ("_classroom._tcp.local.", "_http._tcp.local.")

_LOOK_EVERY: Final = 30.0
"""Seconds between two looks at the addresses of this computer."""

_LONGEST_NAME: Final = 63 - len(" (99)")
"""Bytes of an instance's name, RFC 6763, 4.1.1, with room for the number of a second lesson of that title."""

_GOODBYE_SECONDS: Final = 3.0


def can_announce() -> bool:
    """Whether the extra ``announce`` is installed."""
    return importlib.util.find_spec("zeroconf") is not None


def listened_addresses(host: str) -> list[str]:
    """The IPv4 addresses of the network on which a lesson that listens on ``host`` can be reached."""
    found = lan_addresses()
    return found if host in ("", "0.0.0.0", "::") else [each for each in found if each == host]


class Announcement:
    """One lesson, announced for as long as ``run`` runs, and again whenever the addresses of this computer change.

    Args:
        title: the lesson's title.
        port: the port of http.
        tls_port: the port of https, if there is one.
        addresses: returns the IPv4 addresses to announce, and on whose networks; while there are none, nothing is
            announced. It is called in a thread.
    """

    def __init__(self, *, title: str, port: int, tls_port: int | None, addresses: Callable[[], Sequence[str]]) -> None:
        self._title = title
        self._port = port
        self._tls_port = tls_port
        self._addresses = addresses
        self._complained = ""

    async def run(self) -> None:
        """Announce until cancelled; then say goodbye, so that the lesson is gone from all lists at once."""
        if not can_announce():
            logger.info("the lesson is not announced by mDNS: the extra 'announce' is not installed")
            return
        while True:
            addresses = list(await asyncio.to_thread(self._addresses))
            async with self._announced(addresses) as worked:
                while True:
                    await asyncio.sleep(_LOOK_EVERY)
                    if not worked or list(await asyncio.to_thread(self._addresses)) != addresses:
                        break

    @contextlib.asynccontextmanager
    async def _announced(self, addresses: list[str]) -> AsyncIterator[bool]:
        if not addresses:
            yield False
            return
        from zeroconf import Error, IPVersion
        from zeroconf.asyncio import AsyncZeroconf

        # The library and the system report a network that has just gone in many ways.
        faults = (OSError, Error, RuntimeError, ValueError, AssertionError)

        try:
            responder = AsyncZeroconf(interfaces=addresses, ip_version=IPVersion.V4Only)
        except faults as error:
            self._complain(error)
            yield False
            return
        worked = False
        try:
            try:
                # One after the other, so that both get the same name where another lesson has the title already.
                for service in SERVICES:
                    info = self._describe(service, addresses)
                    await (await responder.async_register_service(info, allow_name_change=True))
                    logger.info("announced as %s at %s", info.name, info.server)
                worked = True
                self._complained = ""
            except faults as error:
                self._complain(error)
            yield worked
        finally:
            # No service may keep the lesson from ending, and nobody receives a goodbye where the link is down.
            try:
                async with asyncio.timeout(_GOODBYE_SECONDS):
                    await responder.async_close()
            except faults as error:
                logger.debug("no goodbye by mDNS: %s", error)

    def _describe(self, service: str, addresses: list[str]) -> AsyncServiceInfo:
        from zeroconf.asyncio import AsyncServiceInfo

        properties: dict[str, str] = {"path": "/"}
        if self._tls_port is not None:
            properties["https"] = str(self._tls_port)
        return AsyncServiceInfo(
            service,
            f"{_instance_name(self._title)}.{service}",
            port=self._port,
            addresses=[socket.inet_aton(each) for each in addresses],
            server=f"{announced_host()}.",
            properties=properties,
        )

    def _complain(self, error: Exception) -> None:
        why = str(error) or type(error).__name__
        if why != self._complained:
            self._complained = why
            logger.warning("the lesson cannot be announced by mDNS, students type its address instead: %s", why)


def _instance_name(title: str) -> str:
    """A title for mDNS: without control characters, cut to the longest name in bytes of UTF-8, between characters."""
    printable = "".join(each if each.isprintable() else " " for each in title).strip().rstrip(".")
    return printable.encode()[:_LONGEST_NAME].decode(errors="ignore").strip().rstrip(".") or "Lesson"
