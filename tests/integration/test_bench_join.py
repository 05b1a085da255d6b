"""The measurement of joining, made small: a lesson, a crowd and newcomers, each a process of its own."""

from __future__ import annotations

import io
import json

from rich.console import Console

from classroom.bench import join
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
    Console(file=out, width=140).print(join.table({"offers": offers, "machine": describe_machine(StolenTime())}))
    assert "in the crowd" in out.getvalue()
