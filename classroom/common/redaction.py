"""Addresses of cameras and servers as they may be shown: in sentences, in the state, in the log.

People write user names and passwords into them, often with signs that an address would have to spell as %2F or %23, and
programs put keys into the part behind the host. What may be a secret is left out.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

__all__ = ["HIDDEN", "misplaced_signs", "shown_address", "without_secrets"]

HIDDEN: Final = "…"

_SCHEME: Final = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]{0,15})://(.*)", re.DOTALL)
_HOST: Final = re.compile(r"(?:[\w.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}(?:%\w{1,16})?\])(?::[0-9]{0,5})?")
_KEY: Final = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[\w~+%-]{20,}")
"""A part of a path that looks like a key and not like a word."""

_STREAM_KEYS: Final = frozenset({"rtmp", "rtmps"})
"""Where the last part of the path is a key: who knows it may send."""


def shown_address(address: str) -> str:
    """An address with its scheme, its host and the part of its path that is not secret: ``rtsp://10.0.0.7:554/live``.

    User name, password, what stands behind ``?``, ``#`` or ``=``, and keys in the path are left out. Where an unquoted
    sign makes the host ambiguous, only the scheme is shown. Text that is not an address is hidden.
    """
    found = _SCHEME.fullmatch(address)
    if found is None:
        return HIDDEN
    scheme, rest = found[1].lower(), found[2]
    end = _end(rest)
    host = rest[:end].rpartition("@")[2]
    # An @ behind the host may stand in a password with a slash in it: then what looks like the host is the user name.
    if "@" in rest[end:] or not _HOST.fullmatch(host):
        return f"{scheme}://{HIDDEN}"
    return f"{scheme}://{host}{_path(scheme, re.split(r'[?#;&]', rest[end:])[0])}"


def without_secrets(text: str) -> str:
    """A text that may be an address, or something that was meant as one, as it may be shown."""
    if "://" not in text:
        return HIDDEN if "@" in text and ":" in text else text
    scheme = re.search(r"[A-Za-z][A-Za-z0-9+.-]*://", text)
    return HIDDEN if scheme is None else text[: scheme.start()] + shown_address(text[scheme.start() :])


def misplaced_signs(address: str) -> dict[str, str]:
    """Signs of a user name or password that end it too early, each with how it is to be written: ``/`` as ``%2F``."""
    found = _SCHEME.fullmatch(address)
    if found is None:
        return {}
    rest = found[2]
    end = _end(rest)
    secret, at, _ = rest.rpartition("@")
    # With a host and a port before it, it is that of a path, as far as anybody can tell.
    if not at or end >= len(secret) or ":" not in rest[:end] or _HOST.fullmatch(rest[:end].rpartition("@")[2]):
        return {}
    return {sign: quote(sign, safe="") for sign in "/?#" if sign in secret}


def _end(rest: str) -> int:
    """Where the host ends and the path begins, in what follows the scheme."""
    found = re.search(r"[/?#\\]", rest)
    return len(rest) if found is None else found.start()


def _path(scheme: str, path: str) -> str:
    """What of a path may be shown: up to a part that says what it is, and without keys."""
    parts = path.split("/")
    if scheme in _STREAM_KEYS and len(parts) > 2:
        parts[2:] = [HIDDEN]
    shown: list[str] = []
    for part in parts:
        if "=" in part or "%3d" in part.lower():
            return "/".join([*shown, HIDDEN])
        shown.append(HIDDEN if _KEY.fullmatch(part) else part)
    return "/".join(shown)
