"""A lesson in the foreground of a terminal: what is printed, and how it ends."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import secrets
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import segno

from classroom.broadcaster import Broadcaster
from classroom.cli.interrupt import stop_on_signals
from classroom.common.clock import SystemClock
from classroom.common.errors import LessonError, SetupError
from classroom.common.paths import home_folder
from classroom.features.lesson_file import LessonFile, read_lesson_file
from classroom.features.reports import ReportsFeature
from classroom.lesson import Lesson, built_in_lesson
from classroom.lesson.progress_file import ProgressFile, Resumption
from classroom.media.devices import list_devices
from classroom.server.authority import fingerprint
from classroom.server.coturn import RELAY_PORTS
from classroom.server.own_relay import OwnRelay, RelayOptions
from classroom.signaling.client import ServerAddress, reach

__all__ = ["TeachOptions", "teach"]

logger = logging.getLogger(__name__)

_FIREWALL_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/libexec/ApplicationFirewall"))
_FIREWALLS = (
    ("ufw", ": sudo ufw allow {port}"),
    ("firewall-cmd", ": sudo firewall-cmd --add-port={port}/tcp --add-port={port}/udp"),
    ("socketfilterfw", ", or answer “Allow” when the system asks about turnserver"),
)
"""Programs that show which firewall a computer has, and how to open a port in it."""


@dataclass(frozen=True, slots=True)
class TeachOptions:
    """The options of the command line; None where an option is not given."""

    file: Path | None = None
    host: str | None = None
    port: int | None = None
    token: str | None = None
    signaling: str | None = None
    check: bool = False
    debug: bool = False
    quiet: bool = False
    relay: RelayOptions | None = None
    fresh: bool = False


async def teach(options: TeachOptions) -> int:
    """Run a lesson until it is ended by the teacher, Ctrl-C or SIGTERM; the exit code."""
    file = None if options.file is None else await asyncio.to_thread(_file, options.file)
    lesson, missing = await asyncio.to_thread(_built_in) if file is None else (file.lesson, [])
    if options.signaling is not None:
        lesson = _at_signaling_server(options.signaling, lesson)
    resumption, story = (None, None) if options.check else await asyncio.to_thread(open_progress, lesson, options)
    broadcaster = Broadcaster(
        lesson,
        host=lesson.server.host if options.host is None else options.host,
        port=lesson.server.port if options.port is None else options.port,
        token=options.token or lesson.access.token or secrets.token_urlsafe(18),
        clock=SystemClock(),
        file=file,
        relay=options.relay,
        keeping=resumption,
    )
    if options.check:
        return await _check(broadcaster, debug=options.debug)
    with stop_on_signals(broadcaster.stop) as shutdown:
        async with broadcaster:
            # The addresses are wanted at once; a camera that takes longer to start is reported as starting.
            await broadcaster.sources_settled(1.5)
            _introduce(broadcaster, [*missing, *([story] if story else [])], quiet=options.quiet)
            # What exists now stays to the end, so collecting the memory of students who leave can skip it.
            gc.collect()
            gc.freeze()
            await broadcaster.stopped()
            shutdown.begin()
            print("Stopping the lesson …", file=sys.stderr)
    return 0


def _built_in() -> tuple[Lesson, list[str]]:
    """The lesson for this computer's devices, and what replaces those that it does not have."""
    devices = list_devices()
    lesson = built_in_lesson(
        has_camera=bool(devices.cameras),
        has_microphone=bool(devices.microphones),
        has_screen=bool(devices.screens),
        language=_language(),
    )
    replaced = (
        (devices.cameras, "No camera was found, so a test pattern replaces it."),
        (devices.microphones, "No microphone was found, so a muted test tone replaces it."),
        (devices.screens, "No screen was found, so a card replaces it."),
    )
    missing = [sentence for found, sentence in replaced if not found]
    return lesson, [*missing, "`classroom devices` says why."] if missing else []


def _file(path: Path) -> LessonFile:
    report, mark = read_lesson_file(path)
    if report.lesson is None or report.faults:
        raise LessonError(report.faults)
    for note in report.notes:
        print(f"note: {note}", file=sys.stderr)
    return LessonFile(path, report.lesson, mark)


def _at_signaling_server(server: str, lesson: Lesson) -> Lesson:
    """The lesson, with another signaling server."""
    if lesson.access.passcode is not None:
        raise SetupError(
            "Another signaling server does not ask for the lesson's passcode. Leave out --signaling, or write "
            "access.passcode: null, and admit: approve to choose who comes in."
        )
    return lesson.model_copy(update={"signaling": lesson.signaling.model_copy(update={"server": server})})


def _language() -> str:
    """The language of the built-in lesson: that of the person who runs it, where it is one of ours."""
    spoken = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "zh" if spoken.lower().startswith("zh") else "en"


async def _check(broadcaster: Broadcaster, *, debug: bool) -> int:
    """Start every source, say how it went, stop."""
    if not debug:
        # What the sources have to say is printed below; it would be there twice.
        logging.getLogger("classroom.media").setLevel(logging.ERROR)
    if (server := broadcaster.signaling_server) is not None:
        await reach(ServerAddress.parse(server))
    async with broadcaster.sources_only():
        await broadcaster.sources_settled(10.0)
        lines = broadcaster.feature(ReportsFeature).source_lines()
    for line in lines:
        print(line.text)
    return 0 if all(line.well for line in lines) else 1


def open_progress(lesson: Lesson, options: TeachOptions) -> tuple[Resumption | None, str | None]:
    """Where the progress of this lesson is kept and what it resumes from, and what to print about that."""
    home, longest = home_folder(), lesson.recording.resume
    if home is None or not longest:
        return None, None
    file = ProgressFile.of(home, options.file)
    try:
        if not file.claim():
            return None, "This lesson is already running on this computer, so this one is new and is not saved."
    except OSError as error:
        why = error.strerror or error
        return None, f"The progress of the lesson cannot be saved in {home} ({why}), so an interruption would end it."
    return _resumption(file, longest, fresh=options.fresh)


def _resumption(file: ProgressFile, longest: float, *, fresh: bool) -> tuple[Resumption, str | None]:
    """What a lesson resumes from that has claimed its file, and what to print about that."""
    try:
        before = file.read()
    except (ValueError, OSError) as error:
        reason = getattr(error, "strerror", None) or error
        text = f"The saved progress of an interrupted lesson cannot be used ({reason})"
        return Resumption(file), f"{text}; this one starts from the beginning."
    if before is None:
        return Resumption(file), None
    of = f"the lesson of {before.began.astimezone():%H:%M}"
    passed = before.interrupted_for(datetime.now(UTC))
    if passed is None:
        text = f"By this computer's clock {of} is in the future"
        return Resumption(file), f"{text}, so this one starts from the beginning."
    if passed > longest:
        text = f"{of.capitalize()} was interrupted {_spoken(passed)} ago"
        return Resumption(file), f"{text}, so this one starts from the beginning."
    if fresh:
        back = "To continue it, stop this one before you change anything, and start without --fresh."
        return Resumption(file, fresh=True), f"Started from the beginning; {of} is not continued. {back}"
    anew = "To start from the beginning instead, stop and start with --fresh."
    return Resumption(file, before), f"Continuing {of}, interrupted {_spoken(passed)} ago. {anew}"


def _spoken(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def _introduce(broadcaster: Broadcaster, lines: Sequence[str], *, quiet: bool) -> None:
    def shown(teacher: str) -> str:
        return teacher.partition("#")[0] if quiet else teacher

    students, *others = broadcaster.endpoints.addresses()
    print(f"Students:  {students}")
    for other in others:
        print(f"           {other}")
    print(f"Teacher:   {shown(broadcaster.teacher_address())}", flush=True)
    # This computer needs no https: its loopback counts as secure already, and everybody else sees the first one.
    for secure in broadcaster.secure_teacher_addresses()[:1]:
        print(f"           {shown(secure)}")
    if (trust := broadcaster.endpoints.trust_address()) is not None:
        print(f"Trust:     {trust}", flush=True)
    if (server := broadcaster.signaling_server) is not None:
        print(f"Signaling: {server}", flush=True)
    if (relay := broadcaster.relay) is not None:
        print(f"Relay:     {relay.urls()[0].partition('?')[0]} (UDP and TCP)", flush=True)
        _tell_of_ports(relay)
    if _can_show_blocks():
        segno.make(students, micro=False).terminal(out=sys.stderr, border=2, compact=True)
    if (authority := broadcaster.endpoints.authority()) is not None:
        print(f"Fingerprint of the certificate at {trust}: {fingerprint(authority.certificate)}", file=sys.stderr)
    for line in broadcaster.feature(ReportsFeature).source_lines():
        print(line.text, file=sys.stderr)
    for text in broadcaster.feature(ReportsFeature).microphone_lines():
        print(text, file=sys.stderr)
    for text in lines:
        print(text, file=sys.stderr)
    print("Recording: not available yet, so nothing is recorded.", file=sys.stderr)
    print("Open the teacher's address in your browser, and give the students theirs.", file=sys.stderr)
    print("Ctrl-C stops the lesson.", file=sys.stderr, flush=True)


def _tell_of_ports(relay: OwnRelay) -> None:
    """Print which port must be open, with the command for this computer's firewall."""
    port = relay.port
    if relay.is_for_this_computer_only:
        print("The relay serves this computer only, as the lesson does.", file=sys.stderr)
        return
    how = next((say for tool, say in _FIREWALLS if shutil.which(tool, path=_FIREWALL_PATH)), "")
    print(f"Open port {port} for TCP, and for UDP if you can, in this computer's firewall{how.format(port=port)}. ",
          f"The UDP ports {RELAY_PORTS[0]} to {RELAY_PORTS[-1]} are used within this computer only.",
          sep="", file=sys.stderr)  # fmt: skip


def _can_show_blocks() -> bool:
    try:
        "▀▄█".encode(sys.stderr.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
