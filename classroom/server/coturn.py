"""The configuration of coturn for one lesson: where it listens, and that it relays to this computer alone."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import shutil
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from classroom.common.errors import AddressError, SetupError
from classroom.server.addresses import EVERYWHERE, listened_hosts
from classroom.webrtc.ice.interfaces import interfaces

__all__ = [
    "RELAY_PORTS",
    "CoturnConfig",
    "choose_port",
    "find_coturn",
    "listening_addresses",
    "own_addresses",
    "user_for",
]

RELAY_PORTS: Final = range(49_152, 51_200)
"""The UDP ports over which it relays. Only this computer talks to them, so no firewall has to let them through."""

_USUAL_PORT: Final = 3478
_OTHER_PORTS: Final = range(3479, 3498)
_ALLOCATIONS: Final = 8
"""Relay ports for each student on average: one for each address of its computer and each way to us."""

_PER_STUDENT: Final = 32
"""Relay ports for one student at most, with those of connections that it has just given up."""

_LEAST_RATE: Final = 1_000_000
"""Bytes per second that each user may send at least; a camera that is sent to us needs them."""

_SERVES_NOTHING_ELSE: Final = (
    "no-tls",
    "no-dtls",
    "no-cli",
    "no-stun",
    "no-rfc5780",
    "no-stun-backward-compatibility",
    "no-software-attribute",
    "no-dynamic-ip-list",
    "no-dynamic-realms",
    "relay-threads=2",
    # coturn needs a database, and each of its threads opens it at a time of its own.
    "userdb=:memory:",
)
_NO_LOG: Final = ("log-file=/dev/null", "no-stdout-log", "simple-log")

_HOW_TO_INSTALL: Final = {
    "linux": "Install it: sudo apt install coturn (Fedora: sudo dnf install coturn)",
    "darwin": "Install it: brew install coturn",
}


@dataclass(frozen=True, slots=True)
class CoturnConfig:
    """The settings of coturn. ``bit_rate`` is the program's, in bit/s; ``own`` are the only addresses it relays to."""

    listening: Sequence[str]
    own: Sequence[str]
    port: int
    secret: str = field(repr=False)
    students: int
    bit_rate: int

    def text(self, folder: Path) -> str:
        """The content of the configuration file; other files of coturn go into the folder."""
        relay = [*_first_of_each_family(self.own)] or list(self.listening)
        quota = min(len(RELAY_PORTS), 64 + _ALLOCATIONS * self.students)
        lines = [
            *(f"listening-ip={each}" for each in self.listening),
            *(f"relay-ip={each}" for each in relay),
            f"listening-port={self.port}",
            f"min-port={RELAY_PORTS[0]}",
            f"max-port={RELAY_PORTS[-1]}",
            # Clients that come by IPv6 are relayed by IPv6; our viewers offer addresses of both kinds.
            "allocation-default-address-family=keep",
            "use-auth-secret",
            f"static-auth-secret={self.secret}",
            "realm=classroom",
            "stale-nonce=600",
            # It reaches our viewers and nothing else: not the network around us, and no TCP ports.
            "denied-peer-ip=0.0.0.0-255.255.255.255",
            "denied-peer-ip=::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            *(f"allowed-peer-ip={each}" for each in self.own),
            "no-multicast-peers",
            "no-tcp-relay",
            f"user-quota={_PER_STUDENT}",
            f"total-quota={quota}",
            f"max-bps={max(_LEAST_RATE, self.bit_rate // 2)}",
            *_SERVES_NOTHING_ELSE,
            f"pidfile={folder / 'pid'}",
            *_NO_LOG,
        ]
        return "\n".join(lines) + "\n"


def find_coturn(platform: str = sys.platform) -> str:
    """Where coturn's program is; SetupError says how to get it."""
    if platform == "win32":
        raise SetupError(
            "--relay needs coturn, which there is not for Windows. Run classroom in WSL, or name a TURN server on "
            "another computer under ice.turn in the lesson file."
        )
    # Debian keeps programs such as this one where the search path of a user may not lead.
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"))
    found = shutil.which("turnserver", path=path)
    if found is None:
        how = _HOW_TO_INSTALL.get(platform, "Install the package coturn")
        raise SetupError(f"--relay needs coturn, and its program turnserver was not found. {how}.")
    return found


def user_for(uid: int) -> str:
    """The user that coturn runs as: one without rights if the lesson runs as root, else the same user ('')."""
    if uid != 0:
        return ""
    import pwd  # not on Windows

    for name in ("turnserver", "_turnserver", "nobody"):
        with contextlib.suppress(KeyError):
            if pwd.getpwnam(name).pw_uid != 0:
                return name
    raise SetupError("--relay runs no relay as root, and there is no user 'nobody'. Start classroom as another user.")


def own_addresses() -> list[str]:
    """Where our viewers listen, best first: the other end of every relayed connection is there."""
    found = [each for each in interfaces().addresses if not ipaddress.ip_address(each).is_loopback]
    return sorted(found, key=lambda each: ":" in each)  # stable: the order of each family stays


def listening_addresses(host: str, own: Sequence[str]) -> list[str]:
    """The addresses to listen on for a lesson's ``host``; AddressError when that is not an address."""
    if host in EVERYWHERE:
        both = "::" in listened_hosts(host)
        return [each for each in own if both or ":" not in each]
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as fault:
        raise AddressError(f"The relay cannot listen on {host}: {fault.strerror or fault}.") from fault
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def choose_port(preferred: int | None, addresses: Sequence[str]) -> int:
    """A port that is free for TCP and UDP on all addresses; without a preference 3478 or one of the next.

    Raises AddressError.
    """
    candidates = [_USUAL_PORT, *_OTHER_PORTS] if preferred is None else [preferred or _free_port(addresses)]
    for port in candidates:
        if _is_free(port, addresses):
            return port
    if preferred is None:
        tried = f"{_USUAL_PORT} to {_OTHER_PORTS[-1]}"
        raise AddressError(f"The relay has no port: {tried} are all taken. Name a free one with --relay-port.")
    raise AddressError(
        f"The relay cannot have port {preferred}: it is taken, or not for you. Name one with --relay-port."
    )


def _is_free(port: int, addresses: Sequence[str]) -> bool:
    try:
        for address in addresses:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                with socket.socket(family, kind) as probe:
                    if kind == socket.SOCK_STREAM:
                        # Connections of an earlier relay that linger do not count.
                        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind((address, port))
    except OSError:
        return False
    return True


def _free_port(addresses: Sequence[str]) -> int:
    address = addresses[0]
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def _first_of_each_family(addresses: Sequence[str]) -> list[str]:
    four = [each for each in addresses if ":" not in each]
    six = [each for each in addresses if ":" in each]
    return four[:1] + six[:1]
