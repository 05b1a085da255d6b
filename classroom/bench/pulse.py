"""A sound card that nobody hears: Debian's PulseAudio with a null sink, in a folder of its own.

Without a sound card a browser never plays sound. Then it does not show how playing sound affects the picture.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from classroom.bench.process import end
from classroom.common.errors import SetupError

__all__ = ["MISSING", "sound_card"]

MISSING: Final = "no sound was played, for PulseAudio is not installed (apt-get install pulseaudio)"

_STARTS_WITHIN: Final = 10.0
_ENDS_WITHIN: Final = 5.0


@contextlib.asynccontextmanager
async def sound_card() -> AsyncIterator[dict[str, str] | None]:
    """The environment with which a program finds the sound card. It is None where PulseAudio is not installed."""
    program = shutil.which("pulseaudio")
    if program is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="classroom-pulse-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        server, words = folder / "native", folder / "words"
        own = {"HOME": name, "XDG_RUNTIME_DIR": name, "PULSE_RUNTIME_PATH": name, "PULSE_STATE_PATH": name}
        with words.open("wb") as stream:
            process = await asyncio.create_subprocess_exec(
                program, "-n", "--system=false", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1",
                "--disable-shm=yes", "--log-target=stderr",
                f"--load=module-native-protocol-unix socket={server} auth-anonymous=1",
                "--load=module-null-sink sink_name=classroom rate=48000",
                stdin=asyncio.subprocess.DEVNULL, stdout=stream, stderr=stream, env={**os.environ, **own},
            )  # fmt: skip
            try:
                await _listens(server, process, words)
                yield {"PULSE_SERVER": f"unix:{server}"}
            finally:
                await end(process, within=_ENDS_WITHIN)


async def _listens(server: Path, process: asyncio.subprocess.Process, words: Path) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _STARTS_WITHIN
    while not await asyncio.to_thread(server.exists):
        if process.returncode is not None or loop.time() > deadline:
            said = await asyncio.to_thread(words.read_text, "utf-8", "replace")
            raise SetupError(f"PulseAudio did not start. It said: {said.strip()}")
        await asyncio.sleep(0.05)
