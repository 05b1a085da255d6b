"""Secrets that are short enough to be found by trying."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from classroom.common.sentences import Wording
from classroom.lesson.document import Problem

__all__ = ["guessable_secrets"]

_TOKEN_LEAST: Final = 16
_PASSCODE_LEAST: Final = 8
"""Characters. About a thousand can be tried in an hour from one address, and an attacker may have many addresses."""

_TOKEN: Final = Wording(
    "note.short_token", "this token is short enough to be guessed; use at least {least} letters and digits"
)
_PASSCODE: Final = Wording(
    "note.short_passcode",
    "this passcode is short enough to be guessed; use at least {least} letters and digits",
)


def guessable_secrets(values: object) -> Iterator[Problem]:
    """Tokens and passcodes that are short; the lesson runs with them. Others are faults, found elsewhere."""
    access = values.get("access") if isinstance(values, dict) else None
    if not isinstance(access, dict):
        return
    for key, least, wording in (("token", _TOKEN_LEAST, _TOKEN), ("passcode", _PASSCODE_LEAST, _PASSCODE)):
        secret = access.get(key)
        if isinstance(secret, str | int) and not isinstance(secret, bool) and len(str(secret)) < least:
            yield Problem(("access", key), wording(least=least))
