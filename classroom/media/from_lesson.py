"""The program of a lesson: from what it says to the mixers and encoders."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from classroom.common.alarms import Alarms
from classroom.common.clock import Clock
from classroom.director import Director
from classroom.lesson import Lesson
from classroom.media.overlay import build_overlays, tell_of_overlays
from classroom.media.program import Program
from classroom.media.program_settings import ProgramSettings
from classroom.media.sound import SoundInput
from classroom.media.source_pool import SourcePool
from classroom.media.sources import fallback_card
from classroom.media.ticker import Supplies

__all__ = ["program_of", "program_settings"]


def program_settings(lesson: Lesson) -> ProgramSettings:
    """What a lesson says of its program."""
    return ProgramSettings(
        size=(lesson.program.size.width, lesson.program.size.height),
        fps=lesson.program.fps,
        codecs=lesson.video.codecs,
        bit_rate=lesson.video.bitrate,
        tiers=lesson.video.tiers,
    )


def program_of(
    lesson: Lesson,
    *,
    director: Director,
    pool: SourcePool,
    inputs: Mapping[str, SoundInput],
    alarms: Alarms,
    clock: Clock,
    loop: asyncio.AbstractEventLoop,
) -> Program:
    """The program of a lesson with these ``inputs`` as they are set at first; it is not started yet."""
    size = (lesson.program.size.width, lesson.program.size.height)
    overlays, faults = build_overlays(lesson.overlays, size)
    tell_of_overlays(faults, alarms)
    card = fallback_card(lesson.lesson.language, size)
    return Program(
        program_settings(lesson),
        director=director,
        supplies=Supplies(pool.slots, lesson.program.fallback, card, overlays),
        live=pool.live,
        inputs=inputs,
        clock=clock,
        loop=loop,
    )
