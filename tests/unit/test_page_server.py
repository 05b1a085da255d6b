"""The stand-in for the server knows the state that the product has, and the alarms that it can raise."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_type_hints

from classroom.broadcaster import SECTIONS
from tests.support.page_server import STATE, State

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


def test_its_sections_are_those_of_the_product() -> None:
    assert get_type_hints(State, include_extras=True) == SECTIONS
    assert set(STATE) == set(SECTIONS)


def test_its_alarms_are_those_that_are_documented() -> None:
    documented = set(re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", OPERATIONS.read_text("utf-8"), re.MULTILINE))
    assert len(documented) > 15
    assert {alarm["code"] for alarm in STATE["alarms"]} <= documented
