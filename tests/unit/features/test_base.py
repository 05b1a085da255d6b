"""What the parts of a feature are found by, and how events reach those who listen."""

from __future__ import annotations

from typing import TypedDict

import pytest

from classroom.features.base import Events, Feature, StudentAdmitted, StudentLeft, section, section_types


class LampSection(TypedDict):
    lit: bool


class Lamp(Feature):
    @section("lamp", changing=True)
    def lamp(self) -> LampSection:
        return {"lit": True}

    @section("rooms")
    def rooms(self) -> dict[str, LampSection]:
        return {"hall": {"lit": False}}


def test_a_feature_tells_the_sections_that_change_by_themselves_and_the_others() -> None:
    assert Lamp().sections(changing=True) == {"lamp": {"lit": True}}
    assert Lamp().sections(changing=False) == {"rooms": {"hall": {"lit": False}}}
    assert Feature().sections(changing=True) == {}


def test_the_type_of_a_section_is_what_its_method_returns() -> None:
    assert section_types([Lamp]) == {"lamp": LampSection, "rooms": dict[str, LampSection]}


def test_an_event_reaches_all_who_listen_to_its_kind_in_their_order() -> None:
    events, heard = Events(), list[tuple[str, object]]()
    events.listen(StudentLeft, lambda event: heard.append(("first", event)))
    events.listen(StudentAdmitted, lambda event: heard.append(("other", event)))
    events.listen(StudentLeft, lambda event: heard.append(("second", event)))
    left = StudentLeft("1", "Ada")
    events.emit(left)
    assert heard == [("first", left), ("second", left)]


def test_a_listener_that_fails_is_reported_and_the_others_hear_of_the_event(caplog: pytest.LogCaptureFixture) -> None:
    events, heard = Events(), list[StudentLeft]()

    def fail(event: StudentLeft) -> None:
        raise ZeroDivisionError

    events.listen(StudentLeft, fail)
    events.listen(StudentLeft, heard.append)
    events.emit(StudentLeft("1", "Ada"))
    assert heard == [StudentLeft("1", "Ada")]
    assert "StudentLeft" in caplog.text
    assert "ZeroDivisionError" in caplog.text
    assert "Ada" not in caplog.text
