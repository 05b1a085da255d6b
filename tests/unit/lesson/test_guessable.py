"""Short tokens and passcodes are noted; the lesson runs with them."""

from __future__ import annotations

import pytest

from classroom.lesson import lesson_from_text


def noted(access: str) -> list[str]:
    report = lesson_from_text(
        f"access: {access}\nscenes: {{s: a}}\nsources: {{a: {{kind: pattern}}}}\n", "x.yaml", {"C": "7391"}
    )
    assert report.lesson is not None
    return [f"{note.key}: {note.message}" for note in report.notes]


def test_what_can_be_found_by_trying_is_noted() -> None:
    assert noted('{token: a, passcode: "7391"}') == [
        "access.token: this token is short enough to be guessed; use at least 16 letters and digits",
        "access.passcode: this passcode is short enough to be guessed; use at least 8 letters and digits",
    ]
    assert len(noted('{passcode: "${C}"}')) == 1, "the value of a variable is not looked at"


@pytest.mark.parametrize(
    "access", ["{}", "{token: null, passcode: null}", "{token: 0123456789abcdef, passcode: abcd1234}"]
)
def test_what_is_long_enough_is_not(access: str) -> None:
    assert noted(access) == []
