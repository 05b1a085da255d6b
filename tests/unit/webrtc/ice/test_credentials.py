"""Passwords that expire, compared with what other implementations make of the same secret."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC
from hypothesis import given
from hypothesis import strategies as st

from classroom.webrtc.ice.credentials import Credential, expiry, temporary


def test_a_known_one() -> None:
    """openssl: printf %s 1433895918:ninefingers | openssl dgst -sha1 -hmac north -binary | base64"""
    made = temporary("north", label="ninefingers", now=1433895918 - 86400, lifetime=86400)
    assert made == Credential("1433895918:ninefingers", "jy8hTxmOO7UtEKXqSkSlvakPVYA=")


@given(st.text(min_size=1), st.integers(0, 4_000_000_000), st.integers(60, 604_800))
def test_any_secret_gives_what_another_library_gives(secret: str, now: int, lifetime: int) -> None:
    made = temporary(secret, label="student-1", now=now + 0.9, lifetime=lifetime)
    assert made.username == f"{now + lifetime}:student-1"
    other = HMAC(secret.encode(), hashes.SHA1())
    other.update(made.username.encode())
    other.verify(base64.b64decode(made.password))


def test_the_password_is_not_shown() -> None:
    made = temporary("north", label="x", now=0, lifetime=60)
    assert made.password not in repr(made)


@pytest.mark.parametrize(
    ("username", "expected"),
    [("1433895918:ninefingers", 1433895918), ("1433895918", 1433895918), ("ada", None), ("12:ada", None), ("", None)],
)
def test_expiry_is_read_from_the_name(username: str, expected: int | None) -> None:
    assert expiry(username) == expected
