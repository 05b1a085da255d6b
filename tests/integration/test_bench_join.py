"""The measurement of joining, made small: a lesson, a crowd and newcomers, each a process of its own."""

from __future__ import annotations

import io
import json

from rich.console import Console

from classroom.bench import join, rush
from classroom.bench.machine import StolenTime, describe_machine


async def test_a_small_crowd_is_measured() -> None:
    offers = json.loads(json.dumps(await join.measure_offers(0.1, members=12)))
    assert offers["crowd"] == {"members": 12, "slow": 50, "messages": 100}
    assert offers["messages_a_second"] > 20
    assert offers["messages_failed"] == 0
    assert set(offers["parts"]) == {"alone", "in the crowd"}
    for part in offers["parts"].values():
        assert part["joins"] == 5
        assert 0 < part["p50"] <= part["p95"] <= part["max"]
    assert offers["kept"] == (offers["parts"]["in the crowd"]["max"] <= offers["within"])
    out = io.StringIO()
    result = {"offers": offers, "machine": describe_machine(StolenTime()), "rush": {"parts": {}, "goals": rush.GOALS}}
    Console(file=out, width=140).print(join.table(result))
    assert "in the crowd" in out.getvalue()


async def test_a_small_rush_is_measured() -> None:
    result = json.loads(json.dumps(await rush.measure_rush(1.0, sizes=(3,))))
    (part,) = result["parts"].values()
    assert (part["joins"], part["without_picture"]) == (3, 0)
    assert 0 < part["first_frame"]["p50"] <= part["first_frame"]["max"]
    assert 0 <= part["key_frames"] <= 2  # none where the one that made the watcher see was just before
    assert part["freeze"] > 0
    # A slide, as it was drawn: what was decoded is the picture that was shown.
    assert part["quality"]["before"] > 30
    assert part["quality"]["least"] > 20
    out = io.StringIO()
    Console(file=out, width=140).print(rush.rush_table(result))
    assert "key frames" in out.getvalue()
