"""Numbers, tickets and the list of who is there."""

from __future__ import annotations

from classroom.peers.register import Register


async def test_tickets_are_bounded_and_who_is_there_keeps_one() -> None:
    register = Register(most=1, changed=lambda: None)
    there = register.enter(0, "Ada", "", admitted=True)
    register.give_ticket(there, "kept")
    for number in range(1, 3000):
        student = register.enter(number, "Bob", "", admitted=True)
        register.give_ticket(student, f"ticket {number}")
        register.leave(number)
    assert register.holder("kept") is there
    assert register.holder("ticket 1") is None
    assert register.holder("ticket 2999") is not None
    assert len(register._tickets) < 1100


async def test_who_left_is_shown_for_a_while_and_bounded() -> None:
    register = Register(most=10, changed=lambda: None)
    for number in range(60):
        register.enter(number, f"Student {number}", "", admitted=True).listed = True
        register.leave(number)
    shown = register.describe()
    assert len(shown) == 50
    assert {each["state"] for each in shown.values()} == {"gone"}  # type: ignore[index]
    assert register.find("60") is not None
    assert register.find("1") is None


async def test_who_was_never_listed_is_not_shown_and_not_found() -> None:
    register = Register(most=10, changed=lambda: None)
    register.enter(1, "Ada", "", admitted=False)
    assert register.describe() == {}
    assert register.find("1") is None
