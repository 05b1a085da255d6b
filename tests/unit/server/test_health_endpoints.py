"""Whoever guesses the token of the metrics has to wait for each answer."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from prometheus_client import CollectorRegistry

from classroom.server.health_endpoints import _Reports


def asks(token: str) -> web.Request:
    return make_mocked_request("GET", "/metrics", headers={"Authorization": f"Bearer {token}"})


async def test_wrong_tokens_are_held_back_and_many_at_once_are_not_looked_at() -> None:
    reports = _Reports(dict, CollectorRegistry(), "s3cret")
    assert await reports._has_token(asks("s3cret"))
    wrong = [asyncio.create_task(reports._has_token(asks(f"guess {number}"))) for number in range(20)]
    await asyncio.sleep(0.05)
    refused = [each for each in wrong if each.done()]
    assert 10 <= len(refused) < 20, "some of them wait for their answer"
    assert all(isinstance(each.exception(), web.HTTPTooManyRequests) for each in refused)
    for each in wrong:
        each.cancel()
    await asyncio.gather(*wrong, return_exceptions=True)


async def test_without_a_token_in_the_lesson_none_is_right() -> None:
    reports = _Reports(dict, CollectorRegistry(), None)
    assert not await reports._has_token(asks(""))
    assert not await _Reports(dict, CollectorRegistry(), "s3cret")._has_token(make_mocked_request("GET", "/metrics"))


@pytest.mark.parametrize("scheme", ["Basic", "Token"])
async def test_only_a_bearer_token_is_one(scheme: str) -> None:
    request = make_mocked_request("GET", "/metrics", headers={"Authorization": f"{scheme} s3cret"})
    assert not await _Reports(dict, CollectorRegistry(), "s3cret")._has_token(request)
