"""Brings a lesson to where it was when it was interrupted, and says where it is, to be kept.

Nothing is put on air by that which was not on air before, and no microphone opened that was muted.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from classroom.common.clock import Clock
from classroom.common.errors import CommandError
from classroom.features.opening import Opening, hears_people, shows_cards_only
from classroom.features.run_of_show import Prompter
from classroom.features.scenes import Direction, scenes_of
from classroom.lesson import Lesson
from classroom.lesson.audio_settings import SETTINGS
from classroom.lesson.progress import DeviceProgress, InputProgress, PageProgress, Progress, path_text
from classroom.lesson.progress_file import ProgressWriter, Resumption
from classroom.media.program import Program
from classroom.media.sound import SoundInput
from classroom.media.source_pool import SourcePool
from classroom.media.sources.base import KnownDevice
from classroom.media.sources.slides import Slides

__all__ = ["Continuation"]


@dataclass(frozen=True, slots=True)
class _Parts:
    """The parts of a lesson that say how far it is."""

    pool: SourcePool
    direction: Direction
    prompter: Prompter
    program: Program
    opening: Opening


class Continuation:
    """Where a lesson goes on: where it was kept, or at its beginning.

    ``started`` is the clock second and ``began`` the time of day of its beginning, ``start`` its first scene.
    """

    def __init__(self, lesson: Lesson, keeping: Resumption | None, *, clock: Clock) -> None:
        kept = None if keeping is None else keeping.before
        now = datetime.now(UTC)
        elapsed = 0.0 if kept is None else kept.elapsed + (kept.interrupted_for(now) or 0.0)
        self._lesson, self._keeping, self._kept, self._clock = lesson, keeping, kept, clock
        self._parts: _Parts | None = None
        scenes = scenes_of(lesson)
        # A scene that the lesson has no more gives way to its beginning.
        self._there = kept is not None and kept.scene in scenes
        self.started = clock.now() - elapsed
        self.began = datetime.fromtimestamp(now.timestamp() - elapsed, UTC)
        self.start = kept.scene if kept is not None and self._there else lesson.program.start
        cards = shows_cards_only(lesson, scenes[self.start])
        self.waits = cards and (kept is None or kept.waits or not self._there)

    def inputs(self, inputs: Mapping[str, SoundInput]) -> dict[str, SoundInput]:
        """The audio inputs as the teacher had set them, but for what the lesson file says anew."""
        kept = self._kept
        if kept is None:
            return dict(inputs)
        found = {}
        renamed = any(each.set.muted or name in kept.waiting for name, each in kept.audio.items() if name not in inputs)
        for name, setting in inputs.items():
            before = kept.audio.get(name)
            if before is not None:
                held = name in kept.waiting and not self.waits
                found[name] = _as_set(setting, before, muted=before.set.muted or held)
            else:
                # It may be one that was muted and has another name now.
                muted = setting.muted or (renamed and hears_people(self._lesson, name))
                found[name] = replace(setting, muted=muted)
        return found

    def prepare(self, pool: SourcePool) -> None:
        """Have sources begin with the page and the device that they had; before they are started."""
        if self._kept is None:
            return
        sources = pool.every_source()
        for name, page in self._kept.pages.items():
            source = sources.get(name)
            if isinstance(source, Slides) and path_text(source.path) == page.file:
                source.begin_at(page.page)
        for name, device in self._kept.devices.items():
            source = sources.get(name)
            if source is not None and _spelled(source.wish) == device.wish:
                source.recall(KnownDevice(device.identity, device.label))

    def restore(
        self, *, pool: SourcePool, direction: Direction, prompter: Prompter, program: Program, opening: Opening
    ) -> None:
        """Bring back what was prepared, and how far the run of show had come."""
        self._parts = _Parts(pool, direction, prompter, program, opening)
        if self._kept is not None:
            with contextlib.suppress(CommandError):
                direction.prepare(self._kept.preview)
            prompter.resume(self._kept)

    def keep(self, stack: contextlib.AsyncExitStack, *, over: Callable[[], bool]) -> None:
        """Keep where the lesson is until the stack unwinds, and forget it then where it is ``over``."""
        if self._keeping is not None:
            keeper = ProgressWriter(self._keeping.file, describe=self._describe, fresh=self._keeping.fresh)
            keeper.keep(stack, over=over)

    def _describe(self) -> Progress:
        """How the lesson is now."""
        assert self._keeping is not None
        assert self._parts is not None
        pool, opening, program = self._parts.pool, self._parts.opening, self._parts.program
        said, held, sources = pool.inputs(), opening.held, pool.every_source()
        director = self._parts.direction.director
        return Progress(
            lesson=self._keeping.file.lesson,
            saved=datetime.now(UTC),
            elapsed=self._clock.now() - self.started,
            scene=director.program.scene.name,
            preview=director.preview,
            waits=opening.waits,
            waiting=tuple(sorted(held)),
            audio={
                name: InputProgress(
                    said=said[name].settings,
                    # It would be open but for the beginning of the lesson.
                    set=replace(setting, muted=setting.muted and name not in held).settings,
                )
                for name, setting in program.inputs.items()
                if name in said
            },
            pages={
                name: PageProgress(file=path_text(source.path), page=source.page)
                for name, source in sources.items()
                if isinstance(source, Slides)
            },
            devices={
                name: DeviceProgress(wish=_spelled(source.wish), identity=known.identity, label=known.label)
                for name, source in sources.items()
                if (known := source.known) is not None
            },
            cues=self._parts.prompter.progress(),
        )


def _as_set(setting: SoundInput, before: InputProgress, *, muted: bool) -> SoundInput:
    """As the teacher had set it where the file says the same as then; muted wherever it was."""
    kept = {key: getattr(before.set, key) for key in SETTINGS if getattr(setting, key) == getattr(before.said, key)}
    return replace(setting, **{**kept, "muted": muted or kept.get("muted", setting.muted)})


def _spelled(wish: object) -> str:
    return hashlib.sha256(repr(wish).encode()).hexdigest()[:16]
