"""The sound card that nobody hears, where PulseAudio is installed."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from classroom.bench.pulse import sound_card


@pytest.mark.skipif(not shutil.which("pulseaudio") or not shutil.which("pactl"), reason="PulseAudio is not installed")
async def test_a_sound_card_is_there_and_gone_afterwards() -> None:
    async with sound_card() as card:
        assert card is not None
        process = await asyncio.create_subprocess_exec(
            "pactl", "list", "short", "sinks", stdout=asyncio.subprocess.PIPE, env={**os.environ, **card}
        )
        out, _ = await asyncio.wait_for(process.communicate(), 30)
        assert b"classroom" in out
        server = Path(card["PULSE_SERVER"].removeprefix("unix:"))
    assert not await asyncio.to_thread(server.exists)


async def test_without_pulseaudio_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    async with sound_card() as card:
        assert card is None
