"""The measurement of the mixer, made short: it measures, and its result is JSON and a table."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from rich.console import Console

from classroom.bench import mix
from classroom.bench.content import CameraClip, ScreenClip
from classroom.bench.statistics import cost, spread


def test_a_short_run_measures_every_stage() -> None:
    result = json.loads(json.dumps(mix.run(0.02)))
    assert {"encode h264", "encode vp8", "compose, nothing moving"} <= set(result["stages"])
    for row in [*result["stages"].values(), *result["stock"].values()]:
        assert row["cpu"] >= 0
        assert row["calls"] >= 5
        assert 0 < row["p50"] <= row["p95"] <= row["max"]
    still = result["stages"]["compose, nothing moving"]
    assert still["p50"] < result["stages"]["compose full, screen scrolling"]["p50"]
    for tiers in result["tiers"].values():
        assert tiers["tiers"] == pytest.approx(tiers["downscale"] + tiers["encode 360"] + tiers["encode 180"], abs=0.01)
        assert tiers["share"] == pytest.approx(tiers["tiers"] / tiers["encode"], abs=0.01)
    assert result["pipeline"]["statistics"]["ticks"] > 10
    assert 0 < result["pipeline"]["core"] < 4
    assert result["tick"]["reached"] == (result["tick"]["core"] <= result["tick"]["goal"])
    assert 0 <= result["machine"]["stolen"] <= 1
    out = io.StringIO()
    Console(file=out, width=140).print(mix.table(result))
    assert "encode h264" in out.getvalue()
    assert "aiortc" in out.getvalue()


def test_the_clips_move_and_repeat_exactly() -> None:
    screen, camera = ScreenClip(), CameraClip(length=3)
    assert np.array_equal(screen.pixels(5), ScreenClip().pixels(5))
    assert not np.array_equal(screen.pixels(0), screen.pixels(1))
    assert np.array_equal(screen.pixels(0)[4:], screen.pixels(1)[:-4])
    assert (screen.page(2.4)[0], screen.page(2.6)[0]) == (0, 1)
    assert camera.frame(4) is camera.frame(1)
    assert not np.array_equal(camera.frame(0).to_ndarray(), camera.frame(1).to_ndarray())


def test_costs_are_counted() -> None:
    seen: list[int] = []
    row = cost(seen.append, seconds=0.0, warm_up=2)
    assert seen == list(range(7))
    assert row["calls"] == 5
    assert spread([0.003, 0.001, 0.002]) == {"p50": 2.0, "p95": 3.0, "max": 3.0}
    assert spread([]) == {"p50": 0.0, "p95": 0.0, "max": 0.0}
