"""Passwords for a TURN server that expire. The server and the broadcaster share a secret, which stays with them.

The form is that of the TURN REST API (draft-uberti-behave-turn-rest-00, section 2.2), which coturn calls
``use-auth-secret``: the user name says when it expires, the password proves that we wrote the user name.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field

__all__ = ["Credential", "expiry", "temporary"]

_TIMED = re.compile(r"(\d{9,11})(?::.*)?", re.DOTALL)
"""A user name of that form; the number is of the years 1973 to 5138."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What a TURN server requires (RFC 8489, section 9.2); the password never appears in a log."""

    username: str
    password: str = field(repr=False)


def temporary(secret: str, *, label: str, now: float, lifetime: float) -> Credential:
    """A credential that expires ``lifetime`` seconds after ``now``, both in seconds, ``now`` since 1970.

    ``label`` is visible to the TURN server and to the whole network path to it.
    """
    username = f"{int(now + lifetime)}:{label}"
    proof = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return Credential(username, base64.b64encode(proof).decode())


def expiry(username: str) -> int | None:
    """When a user name of this form expires, in seconds since 1970; None for any other name."""
    match = _TIMED.fullmatch(username)
    return int(match[1]) if match else None
