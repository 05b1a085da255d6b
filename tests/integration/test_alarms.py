"""What is odd in a running lesson is told to its teachers, and taken back."""

from __future__ import annotations

from typing import Any

from classroom.features.sound import SoundFeature
from tests.support.broadcast import broadcasting, eventually
from tests.support.camera import camera_process
from tests.support.port import ask

LESSON = """
sources:
  dark: {{kind: camera, device: "lavfi:color=c=black:size=160x90:rate=15"}}
  cam:  {{kind: camera, device: "{device}", size: null, frozen: fallback}}
  card: {{kind: card}}
audio: {{tone: {{kind: tone, gain: 20}}}}
scenes: {{all: {{layout: grid, show: [dark, cam, card]}}}}
program: {{size: 160x90, fps: 15, fallback: card}}
recording: {{start: never}}
"""


async def test_alarms_come_with_what_mends_them_and_go() -> None:
    with camera_process() as camera:
        async with broadcasting(LESSON.format(device=camera.device)) as lesson:

            def told() -> dict[tuple[str, str], Any]:
                alarms: Any = lesson.state()["alarms"]
                return {(alarm["code"], alarm["source"]): (alarm["method"], alarm["params"]) for alarm in alarms}

            await eventually(lambda: ("source.black", "dark") in told())
            await eventually(lambda: ("audio.clipping", "tone") in told())
            assert told()["source.black", "dark"] == ("source.restart", {"source": "dark"})
            assert told()["audio.clipping", "tone"] == ("audio.set", {"input": "tone", "gain": 14.0})
            lesson.feature(SoundFeature).set("tone", gain=0.0)
            await eventually(lambda: ("audio.clipping", "tone") not in told())
            for fail, mend, code in (
                (camera.freeze, camera.thaw, "source.frozen"),
                (camera.stop, camera.go_on, "source.stalled"),
                (camera.unplug, camera.plug_in, "source.lost"),
            ):
                fail()
                await eventually(lambda code=code: (code, "cam") in told(), what=code)
                assert told()[code, "cam"] == ("source.restart", {"source": "cam"})
                mend()
                # On a machine that is busy the camera may well be unsteady beside that, which is no fault.
                await eventually(lambda: {code for code, source in told() if source == "cam"} <= {"source.unsteady"})


async def test_the_teacher_is_told_who_goes_over_the_limits() -> None:
    async with broadcasting() as running:
        for _ in range(6):
            await ask(running.port, b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000 + b"\r\n\r\n")

        def told() -> bool:
            alarms = running.state()["alarms"]
            assert isinstance(alarms, list)
            return any("127.0.0.1 keeps exceeding the limits" in alarm["sentence"] for alarm in alarms)

        await eventually(told, what="the alarm")
