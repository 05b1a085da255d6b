"""A key is for one source, cannot be guessed, and ends when it is revoked."""

from __future__ import annotations

from classroom.control.invitations import Invitations


def test_a_key_is_that_of_its_source_until_it_is_revoked() -> None:
    invitations = Invitations()
    phone, tablet = invitations.invite("phone"), invitations.invite("tablet")
    assert phone.key != tablet.key
    assert len(phone.key) >= 32
    assert invitations.invite("phone") is phone
    assert invitations.find(phone.key) is phone
    assert invitations.find(tablet.key) is tablet
    invitations.revoke("phone")
    assert invitations.find(phone.key) is None
    assert invitations.find(tablet.key) is tablet
    assert invitations.invite("phone").key != phone.key


def test_nothing_else_is_a_key() -> None:
    invitations = Invitations()
    key = invitations.invite("phone").key
    for wrong in ("", "phone", key[:-1], f"{key}x", "\ud800", "密"):
        assert invitations.find(wrong) is None


def test_guests_are_counted_and_sent_away() -> None:
    invitations = Invitations()
    phone = invitations.invite("phone")
    sent: list[int] = []
    dismissals = [lambda number=number: sent.append(number) for number in range(5)]
    assert [phone.enter(dismiss) for dismiss in dismissals] == [True] * 4 + [False]
    phone.leave(dismissals[1])
    assert phone.enter(dismissals[4])
    invitations.revoke("phone")
    assert sent == [0, 2, 3, 4]
    phone.leave(dismissals[0])


def test_what_the_lesson_has_no_more_is_revoked() -> None:
    invitations = Invitations()
    phone, tablet = invitations.invite("phone"), invitations.invite("tablet")
    sent: list[str] = []
    phone.enter(lambda: sent.append("phone"))
    tablet.enter(lambda: sent.append("tablet"))
    invitations.keep({"tablet", "other"})
    assert sent == ["phone"]
    assert invitations.find(phone.key) is None
    assert invitations.find(tablet.key) is tablet
