"""Applies a saved lesson file to the running lesson, in an order in which nothing on air goes dark.

New sources are opened, then the scenes change, then removed sources are closed. Students notice only the new picture:
all connections stay, and all encoders continue.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from classroom.common.alarms import Alarms
from classroom.common.tasks import run_supervised
from classroom.features.base import Events, Feature, InputMuted, LessonFileApplied, ProgramChain, SourceChanged
from classroom.features.from_lesson import scenes_of
from classroom.features.lesson_file import LessonFile, LessonFileWatch
from classroom.features.scenes import settles_in
from classroom.features.silent_opening import OpeningFeature
from classroom.lesson import Lesson
from classroom.lesson.audio import SETTINGS
from classroom.lesson.difference import Changes, plan
from classroom.media.overlay import build_overlays, tell_of_overlays
from classroom.media.sound import SoundInput
from classroom.media.source_swap import SourceSwap
from classroom.media.sources import fallback_card
from classroom.media.ticker import Supplies

__all__ = ["ReloadFeature"]

logger = logging.getLogger(__name__)

_READY_WITHIN: Final = 1.0
"""Seconds that a scene on air waits for a new source; after that the fallback is shown until the source is live."""


class ReloadFeature(Feature):
    """Watches the lesson file, if there is one, and applies what is saved. Belongs to the event loop.

    ``apply_all`` has all features apply a lesson; ``refresh`` tells teachers what has changed.
    """

    def __init__(
        self,
        lesson: Lesson,
        file: LessonFile | None,
        *,
        chain: ProgramChain,
        opening: OpeningFeature,
        alarms: Alarms,
        events: Events,
        apply_all: Callable[[Lesson], None],
        refresh: Callable[[], None],
    ) -> None:
        self._lesson = lesson
        self._file = file
        self._clock, self._director = chain.clock, chain.director
        self._pool, self._program = chain.pool, chain.program
        self._opening = opening
        self._alarms = alarms
        self._events = events
        self._apply_all = apply_all
        self._refresh = refresh
        self._source_changed = asyncio.Event()
        events.listen(SourceChanged, lambda _: self._source_changed.set())

    async def run(self, stack: contextlib.AsyncExitStack) -> None:
        """Watch the lesson file."""
        if self._file is not None:
            watch = LessonFileWatch(self._file, apply=self.change_to, alarms=self._alarms)
            run_supervised(stack, "lesson file", watch.run)

    async def change_to(self, lesson: Lesson) -> None:
        """Change the running lesson to this one, except for what needs a restart.

        The order is decided here and nowhere else: open new sources, have the features apply the lesson, scenes first,
        close removed sources. If a part of that fails, everything is as before, and the fault is raised.
        """
        changes = plan(self._lesson, lesson)
        if not changes:
            return
        before = self._lesson, self._program.supplies, self._program.inputs
        supplies = await self._supplies(lesson, changes)
        swap = self._pool.swap(lesson, changes)
        self._lesson = lesson
        try:
            swap.open()
            self._supply(supplies, self._inputs(changes))
            await self._ready(lesson, changes)
            self._apply_all(lesson)
            self._refresh()
        except Exception:
            await self._go_back(swap, *before)
            raise
        try:
            if swap.closing:
                # What fades away is still to be seen.
                await asyncio.sleep(settles_in(self._director, self._clock.now()))
        finally:
            if swap.closing:
                await asyncio.shield(asyncio.to_thread(swap.close))
        if swap.leaving:
            self._pool.forget(swap.leaving)
            self._program.supply(replace(supplies, slots=self._pool.slots), self._program.inputs)
        self._events.emit(LessonFileApplied(lesson))
        self._refresh()

    async def _go_back(
        self, swap: SourceSwap, lesson: Lesson, supplies: Supplies, inputs: Mapping[str, SoundInput]
    ) -> None:
        """Be as before a change that failed; its new sources are closed when nothing shows them any more."""
        self._pool.take_back(swap)
        self._lesson = lesson
        self._program.supply(supplies, inputs)
        try:
            self._apply_all(lesson)
        except Exception:
            logger.exception("a part of the lesson does not go back to the file from before")
        self._refresh()
        await asyncio.shield(asyncio.to_thread(swap.cancel))

    def _supply(self, supplies: Supplies, inputs: dict[str, SoundInput]) -> None:
        before = self._program.inputs
        self._program.supply(replace(supplies, slots=self._pool.slots), inputs)
        for name in inputs.keys() & before.keys():
            if inputs[name].muted != before[name].muted:
                self._events.emit(InputMuted(name, inputs[name].muted, "file"))

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
        """The inputs as the file has them, with the teacher's settings where the file did not change them."""
        before, inputs = self._program.inputs, self._pool.inputs()
        for name in inputs.keys() & before.keys():
            kept = {key: getattr(before[name], key) for key in SETTINGS if key not in changes.settings.get(name, ())}
            inputs[name] = replace(inputs[name], **kept)
        self._opening.renew(self._lesson, [name for name, keys in changes.settings.items() if "muted" in keys])
        return self._opening.hush(inputs)

    async def _ready(self, lesson: Lesson, changes: Changes) -> None:
        """Wait a moment for new sources of the scene on air.

        A refresh notes the state that they have now, so that every later state is an event.
        """
        scenes, scene = scenes_of(lesson), self._director.program.scene.name
        seen = set(scenes.get(scene, scenes[lesson.program.start]).show)
        wanted = (seen & changes.sources.added) - set(changes.sources.after)
        if not wanted:
            return
        self._source_changed.clear()
        self._refresh()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_READY_WITHIN):
                while any(self._pool.pictures()[name].state == "starting" for name in wanted):
                    await self._source_changed.wait()
                    self._source_changed.clear()
