"""The stand-in for the server knows the state that the product has, and the alarms that it can raise."""

from __future__ import annotations

from typing import get_type_hints

import pytest

from classroom.broadcaster import SECTIONS
from classroom.common.alarms import Alarm
from classroom.features.alarms import describe
from tests.support.page_server import STATE, State, documented_alarms, page_server


def test_its_sections_are_those_of_the_product() -> None:
    assert get_type_hints(State, include_extras=True) == SECTIONS
    assert set(STATE) == set(SECTIONS)


def test_its_alarms_are_those_that_are_documented() -> None:
    assert len(documented_alarms()) > 15
    assert {alarm["code"] for alarm in STATE["alarms"]} <= documented_alarms()


async def test_an_alarm_that_the_product_does_not_have_is_refused() -> None:
    async with page_server() as server:
        with pytest.raises(AssertionError, match=r"no alarm source\.invented"):
            await server.change(alarms=[describe(Alarm("source.invented", "It is invented."))])
        assert (server.state, server.revision) == (STATE, 1)
