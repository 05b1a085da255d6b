"""The kinds of values about a lesson in the web: its public address, its proxies and path, trusted pages."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import ValidationInfo

from classroom.common.sentences import Sentence, Wording
from classroom.lesson.section import Value, or_variable, wrong
from classroom.lesson.words import did_you_mean, meant_hint, shown

__all__ = ["BasePath", "Origins", "Proxy", "PublicAddress"]

_HOST: Final = r"(?:[\w](?:[\w.-]{0,251}[\w])?|\[[0-9A-Fa-f:.]+\])"
_PATH: Final = r"(?:/[A-Za-z0-9._~-]+)*"
_ADDRESS: Final = re.compile(rf"(?i:https?)://({_HOST})(?::([0-9]{{1,5}}))?({_PATH})/?")
_BARE: Final = re.compile(rf"{_HOST}(?::[0-9]{{1,5}})?{_PATH}/?")
_BASE_PATH: Final = re.compile(rf"{_PATH}/?")

_NOT_AN_ADDRESS: Final = Wording(
    "fault.public_address", "expects an address such as https://lesson.school.example, not {value}{hint}"
)
_NOT_A_PROXY: Final = Wording(
    "fault.proxy", "expects the address of a proxy or its network, such as 127.0.0.1 or 10.0.0.0/24, not {value}{hint}"
)
_EVERYBODY: Final = Wording(
    "fault.proxy_everybody", "{value} includes everybody; name only the addresses of your proxies"
)
_NOT_A_PATH: Final = Wording("fault.base_path", "expects a path such as / or /lesson, not {value}{hint}")
_OWN_PATH: Final = Wording(
    "fault.own_path", "{value} is one of the lesson's own addresses; choose another, such as /lesson"
)
_NOWHERE: Final = Wording("fault.public_nowhere", "{value} leads nowhere; write the address that people open")
_OWN: Final = frozenset(
    (
        *("assets", "clock", "control", "healthz", "join.svg", "material", "message", "metrics"),
        *("replay", "send", "sign_in", "sign_out", "teach", "trust", "wait"),
    )
)
"""What stands under the path, and at the root too: a path of the same name would hide it."""

_WIDEST: Final = {4: 8, 6: 7}
"""The shortest prefix of a network of proxies, by version; wider ones are half of the internet."""

_WORDS: Final = ("auto", "any", "own")
_NOT_ORIGINS: Final = Wording(
    "fault.origins", "expects {words}, or a list such as [https://school.example], not {value}{hint}"
)
_NOT_AN_ORIGIN: Final = Wording("fault.origin", "expects an origin such as https://school.example, not {value}{hint}")
_NO_ORIGIN: Final = Wording("fault.no_origin", "expects at least one origin; own allows only the lesson's own pages")


@dataclass(frozen=True)
class PublicAddress(Value):
    """The public address: ``https://lesson.school.example``, with a port and a path where it has them."""

    def read(self, value: Any, info: ValidationInfo) -> str:
        """The address with its scheme and host in lower case and without a slash at its end."""
        text = value.strip() if isinstance(value, str) else ""
        found = _ADDRESS.fullmatch(text)
        if found is None or not _is_host(found[1]) or not _is_port(found[2]) or not _is_plain(found[3]):
            wrong(_NOT_AN_ADDRESS(value=shown(value), hint=_meant_address(text)))
        if found[1] in ("0.0.0.0", "[::]"):
            wrong(_NOWHERE(value=shown(value)))
        parts = urlsplit(text)
        return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"

    def describe(self) -> dict[str, Any]:
        """The beginning, or a variable."""
        pattern = r"^[hH][tT][tT][pP][sS]?://[^/?#@\s]+(/[A-Za-z0-9._~-]+)*/?$"
        return or_variable({"type": "string", "pattern": pattern, "examples": ["https://lesson.school.example"]})


@dataclass(frozen=True)
class Proxy(Value):
    """The IP address of a proxy, or the network that it is in."""

    def read(self, value: Any, info: ValidationInfo) -> str:
        """The address, or the network, in its usual spelling."""
        text = value.strip().strip("[]") if isinstance(value, str) else ""
        try:
            network = ipaddress.ip_network(text)
        except ValueError:
            wrong(_NOT_A_PROXY(value=shown(value), hint=_meant_proxy(text)))
        if (
            isinstance(network, ipaddress.IPv6Network)
            and network.network_address.ipv4_mapped
            and network.prefixlen >= 96
        ):
            # The client is seen as IPv4 then.
            network = ipaddress.ip_network((network.network_address.ipv4_mapped, network.prefixlen - 96))
        if network.prefixlen < _WIDEST[network.version]:
            wrong(_EVERYBODY(value=shown(value)))
        return str(network.network_address if network.num_addresses == 1 else network)

    def describe(self) -> dict[str, Any]:
        """Text of the signs that addresses have, or a variable."""
        return or_variable({"type": "string", "pattern": "^[0-9A-Fa-f:.]+(/[0-9]+)?$", "examples": ["127.0.0.1"]})


@dataclass(frozen=True)
class BasePath(Value):
    """The path under which a proxy shows the lesson: ``/``, or ``/lesson``."""

    def read(self, value: Any, info: ValidationInfo) -> str:
        """``/``, or the path without a slash at its end."""
        text = value.strip() if isinstance(value, str) else ""
        if not text or _BASE_PATH.fullmatch(text) is None or not _is_plain(text) or len(text) > 200:
            meant = f"/{text.strip('/')}"
            fits = bool(text) and _BASE_PATH.fullmatch(meant) is not None and _is_plain(meant)
            wrong(_NOT_A_PATH(value=shown(value), hint=meant_hint(meant) if fits else ""))
        if text.split("/")[1] in _OWN:
            wrong(_OWN_PATH(value=shown(value)))
        return text.rstrip("/") or "/"

    def describe(self) -> dict[str, Any]:
        """The spelling, or a variable."""
        pattern = r"^/([A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*/?)?$"
        return or_variable({"type": "string", "pattern": pattern, "maxLength": 200, "examples": ["/", "/lesson"]})


@dataclass(frozen=True)
class Origins(Value):
    """``auto``, ``any``, ``own``, or a list of origins of other pages."""

    def read(self, value: Any, info: ValidationInfo) -> str | tuple[str, ...]:
        """The word, or the origins with scheme and host in lower case."""
        if isinstance(value, str) and value in _WORDS:
            return str(value)
        if not isinstance(value, list | tuple):
            hint = did_you_mean(value, _WORDS) if isinstance(value, str) else ""
            wrong(_NOT_ORIGINS(words=", ".join(_WORDS), value=shown(value), hint=hint))
        if not value:
            wrong(_NO_ORIGIN())
        return tuple(map(_origin, value))

    def describe(self) -> dict[str, Any]:
        """The words, a list, or a variable."""
        origin = {"type": "string", "pattern": "^[hH][tT][tT][pP][sS]?://[^/?#@]+/?$"}
        listed = {"type": "array", "minItems": 1, "items": or_variable(origin)}
        return or_variable({"anyOf": [{"enum": list(_WORDS)}, listed]})

    def spell(self, value: Any) -> Any:
        """The word, or a list."""
        return value if isinstance(value, str) else list(value)


def _origin(value: object) -> str:
    text = value.strip() if isinstance(value, str) else ""
    found = _ADDRESS.fullmatch(text)
    if found is None or not _is_host(found[1]) or not _is_port(found[2]) or found[3]:
        parts = urlsplit(text) if found is not None else None
        meant = meant_hint(f"{parts.scheme}://{parts.netloc}") if parts is not None else _meant_address(text)
        wrong(_NOT_AN_ORIGIN(value=shown(value), hint=meant))
    return text.rstrip("/").lower()


def _is_host(host: str) -> bool:
    """Whether a host could be one: an address in brackets is an IPv6 address."""
    if not host.startswith("["):
        return ".." not in host
    try:
        ipaddress.IPv6Address(host[1:-1])
    except ValueError:
        return False
    return True


def _is_port(port: str | None) -> bool:
    return port is None or 0 < int(port) <= 65_535


def _is_plain(path: str) -> bool:
    """Whether no part of a path means another folder."""
    return not {".", ".."} & set(path.split("/"))


def _meant_address(text: str) -> str | Sentence:
    """``lesson.school.example`` is meant with https; what comes behind the path of an address is not meant at all."""
    if _BARE.fullmatch(text) is not None and "." in text:
        return meant_hint(f"https://{text}")
    address = re.split(r"[?#]", text, maxsplit=1)[0]
    return meant_hint(address) if address != text and _ADDRESS.fullmatch(address) is not None else ""


def _meant_proxy(text: str) -> str | Sentence:
    if text.casefold() == "localhost":
        return meant_hint("127.0.0.1")
    try:
        return meant_hint(str(ipaddress.ip_network(text, strict=False)))
    except ValueError:
        return ""
