"""Resumes an interrupted lesson where it was, and saves the progress of the running one.

Resuming puts nothing on air that was not on air before, and opens no microphone that was muted.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from classroom.common.clock import Clock, LessonTime
from classroom.common.errors import CommandError
from classroom.features.base import Feature, ProgramChain
from classroom.features.from_lesson import scenes_of
from classroom.features.run_of_show import RunOfShowFeature
from classroom.features.scenes import ScenesFeature
from classroom.features.silent_opening import OpeningFeature, hears_people, shows_cards_only
from classroom.lesson import Lesson
from classroom.lesson.audio import SETTINGS
from classroom.lesson.progress import DeviceProgress, InputProgress, PageProgress, Progress, path_text
from classroom.lesson.progress_file import ProgressWriter, Resumption
from classroom.media.sound import SoundInput
from classroom.media.source_pool import SourcePool
from classroom.media.sources.base import KnownDevice
from classroom.media.sources.slides import Slides

__all__ = ["Beginning", "ResumeFeature"]


class Beginning:
    """Where a lesson starts: at its saved progress, or at its beginning.

    ``time`` says when it began, ``start`` is its first scene. With ``waits`` it stands at its beginning, on a card.
    """

    def __init__(self, lesson: Lesson, keeping: Resumption | None, *, clock: Clock) -> None:
        kept = None if keeping is None else keeping.before
        now = datetime.now(UTC)
        elapsed = 0.0 if kept is None else kept.elapsed + (kept.interrupted_for(now) or 0.0)
        self.keeping, self.kept, self._lesson = keeping, kept, lesson
        scenes = scenes_of(lesson)
        # If the lesson no longer has the scene, the lesson starts at its beginning.
        there = kept is not None and kept.scene in scenes
        began = datetime.fromtimestamp(now.timestamp() - elapsed, UTC)
        self.time = LessonTime(clock, clock.now() - elapsed, began)
        self.start = kept.scene if kept is not None and there else lesson.program.start
        cards = shows_cards_only(lesson, scenes[self.start])
        self.waits = cards and (kept is None or kept.waits or not there)

    def inputs(self, inputs: Mapping[str, SoundInput]) -> dict[str, SoundInput]:
        """The audio inputs as the teacher had set them, except where the lesson file has changed."""
        kept = self.kept
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
        """Give sources the page and the device that they had; call it before they are started."""
        if self.kept is None:
            return
        sources = pool.every_source()
        for name, page in self.kept.pages.items():
            source = sources.get(name)
            if isinstance(source, Slides) and path_text(source.path) == page.file:
                source.begin_at(page.page)
        for name, device in self.kept.devices.items():
            source = sources.get(name)
            if source is not None and _spelled(source.requested_device) == device.wish:
                source.recall(KnownDevice(device.identity, device.label))


class ResumeFeature(Feature):
    """Saves the progress of the lesson, and restores the preview and the run of show.

    ``over`` says whether the teacher has ended the lesson; then the saved progress is deleted.
    """

    def __init__(
        self,
        beginning: Beginning,
        *,
        chain: ProgramChain,
        scenes: ScenesFeature,
        run_of_show: RunOfShowFeature,
        opening: OpeningFeature,
        over: Callable[[], bool],
    ) -> None:
        self._keeping, self._time = beginning.keeping, beginning.time
        self._pool, self._director, self._program = chain.pool, chain.director, chain.program
        self._run_of_show, self._opening = run_of_show, opening
        self._over = over
        if beginning.kept is not None:
            with contextlib.suppress(CommandError):
                scenes.prepare(beginning.kept.preview)
            run_of_show.resume(beginning.kept)

    async def run(self, stack: contextlib.AsyncExitStack) -> None:
        """Save the progress until the stack unwinds."""
        if self._keeping is not None:
            keeper = ProgressWriter(self._keeping.file, describe=self._describe, fresh=self._keeping.fresh)
            keeper.keep(stack, over=self._over)

    def _describe(self) -> Progress:
        """The progress of the lesson now."""
        assert self._keeping is not None
        opening, director = self._opening, self._director
        said, held, sources = self._pool.inputs(), opening.held, self._pool.every_source()
        return Progress(
            lesson=self._keeping.file.lesson,
            saved=datetime.now(UTC),
            elapsed=self._time.now(),
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
                for name, setting in self._program.inputs.items()
                if name in said
            },
            pages={
                name: PageProgress(file=path_text(source.path), page=source.page)
                for name, source in sources.items()
                if isinstance(source, Slides)
            },
            devices={
                name: DeviceProgress(wish=_spelled(source.requested_device), identity=known.identity, label=known.label)
                for name, source in sources.items()
                if (known := source.known) is not None
            },
            cues=self._run_of_show.progress(),
        )


def _as_set(setting: SoundInput, before: InputProgress, *, muted: bool) -> SoundInput:
    """The teacher's settings where the file has not changed; muted where it was muted."""
    kept = {key: getattr(before.set, key) for key in SETTINGS if getattr(setting, key) == getattr(before.said, key)}
    return replace(setting, **{**kept, "muted": muted or kept.get("muted", setting.muted)})


def _spelled(wish: object) -> str:
    return hashlib.sha256(repr(wish).encode()).hexdigest()[:16]
