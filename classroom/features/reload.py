"""Brings a running lesson to what its file says now, in an order in which nothing on air goes dark.

What came anew is opened, then the scenes change, then what is gone is closed. Students notice nothing of it but the new
picture: no connection is made anew, no encoder begins again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from classroom.common.alarms import Alarms
from classroom.features.opening import Opening, shows_cards_only
from classroom.features.run_of_show import Prompter
from classroom.features.scenes import Direction, scenes_of
from classroom.lesson import Lesson
from classroom.lesson.audio_settings import SETTINGS
from classroom.lesson.difference import Changes, plan
from classroom.media.overlay import build_overlays, tell_of_overlays
from classroom.media.program import Program
from classroom.media.sound import SoundInput
from classroom.media.source_pool import SourcePool
from classroom.media.sources import fallback_card
from classroom.media.ticker import Supplies
from classroom.signaling.access import AccessGuard
from classroom.signaling.backend import SignalingBackend
from classroom.students.audience import Audience

__all__ = ["Renewal"]

_READY_WITHIN: Final = 1.0
"""Seconds that a scene on air waits for a source that comes into it; then its fallback is shown until it is there."""


class Renewal:
    """The parts of a lesson that its file can change. Belongs to the event loop."""

    def __init__(
        self,
        lesson: Lesson,
        *,
        pool: SourcePool,
        program: Program,
        opening: Opening,
        direction: Direction,
        prompter: Prompter,
        audience: Audience,
        guard: AccessGuard | None,
        backend: SignalingBackend,
        alarms: Alarms,
        changed: Callable[[Lesson], None],
    ) -> None:
        self._lesson = lesson
        self._pool, self._program, self._direction = pool, program, direction
        self._opening = opening
        self._prompter, self._audience, self._guard, self._backend = prompter, audience, guard, backend
        self._alarms = alarms
        self._changed = changed

    async def apply(self, lesson: Lesson) -> None:
        """Make the lesson that runs this one, but for what needs a restart."""
        changes = plan(self._lesson, lesson)
        if not changes:
            return
        supplies = await self._supplies(lesson, changes)
        swap = self._pool.swap(lesson, changes)
        self._lesson = lesson
        try:
            swap.open()
            self._program.supply(replace(supplies, slots=self._pool.slots), self._inputs(changes))
            await self._ready(lesson, changes)
            self._direction.replace(lesson)
            if not shows_cards_only(lesson, self._direction.director.program.scene):
                self._opening.over()
            self._prompter.replace(lesson)
            self._admit(lesson)
            self._changed(lesson)
            if swap.closing:
                # What fades away is still to be seen.
                await asyncio.sleep(self._direction.settles_in())
        finally:
            if swap.closing:
                await asyncio.shield(asyncio.to_thread(swap.close))
        if swap.leaving:
            self._pool.forget(swap.leaving)
            self._program.supply(replace(supplies, slots=self._pool.slots), self._program.inputs)
            self._changed(lesson)

    async def _supplies(self, lesson: Lesson, changes: Changes) -> Supplies:
        old = self._program.supplies
        overlays, card = old.overlays, old.fallback_card
        if changes.overlays:
            drawn, faults = await asyncio.to_thread(build_overlays, lesson.overlays, self._program.size)
            overlays = drawn
            tell_of_overlays(faults, self._alarms)
        if "lesson.language" in changes.keys:
            card = await asyncio.to_thread(fallback_card, lesson.lesson.language, self._program.size)
        return Supplies(old.slots, lesson.program.fallback, card, overlays)

    def _inputs(self, changes: Changes) -> dict[str, SoundInput]:
        """What the file says, with what the teacher has set since where the file did not change that."""
        before, inputs = self._program.inputs, self._pool.inputs()
        for name in inputs.keys() & before.keys():
            kept = {key: getattr(before[name], key) for key in SETTINGS if key not in changes.settings.get(name, ())}
            inputs[name] = replace(inputs[name], **kept)
        self._opening.renew(self._lesson, [name for name, keys in changes.settings.items() if "muted" in keys])
        return self._opening.hush(inputs)

    async def _ready(self, lesson: Lesson, changes: Changes) -> None:
        """Wait a moment for what comes into the scene on air."""
        scenes, scene = scenes_of(lesson), self._direction.director.program.scene.name
        seen = set(scenes.get(scene, scenes[lesson.program.start]).show)
        wanted = (seen & changes.sources.added) - set(changes.sources.after)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _READY_WITHIN
        while loop.time() < deadline and any(  # noqa: ASYNC110 - they tell of it in threads of their own
            status.state == "starting" for name, status in self._pool.pictures().items() if name in wanted
        ):
            await asyncio.sleep(0.02)

    def _admit(self, lesson: Lesson) -> None:
        access, details = lesson.access, lesson.lesson
        self._audience.renew(
            title=details.title, language=details.language, admit=access.admit, most=access.max_students
        )
        if self._guard is not None:
            self._guard.ask_for(access.passcode)
        self._backend.make_room(access.max_students)
