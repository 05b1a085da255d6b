"""What docs/operations.md says of /healthz and /metrics, asked of a real lesson."""

from __future__ import annotations

import json
import re
from pathlib import Path

import aiohttp

from classroom import __version__
from tests.support.broadcast import broadcasting

DOCUMENT = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")


async def test_healthz_answers_as_documented() -> None:
    [example] = re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)
    told = json.loads(example)
    async with broadcasting() as lesson, aiohttp.ClientSession() as http:
        async with http.get(f"http://127.0.0.1:{lesson.port}/healthz") as reply:
            assert reply.status == 200
            health = await reply.json()
    assert {key: type(value) for key, value in health.items()} == {key: type(value) for key, value in told.items()}
    assert health["status"] == told["status"]
    assert health["version"] == told["version"] == __version__


async def test_metrics_are_open_to_this_machine_and_count() -> None:
    async with broadcasting() as lesson, aiohttp.ClientSession() as http:
        async with http.get(f"http://127.0.0.1:{lesson.port}/metrics") as reply:
            assert reply.status == 200
            text = await reply.text()
    assert 'classroom_sources{state="live"} 3.0' in text
    for name in set(re.findall(r"\bclassroom_[a-z_]+", DOCUMENT)):
        assert re.search(rf"^(# HELP )?{name}[ {{]", text, re.MULTILINE)
