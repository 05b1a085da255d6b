"""The source pool: builds and runs all sources of a lesson, and knows the state of each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence, Set
from pathlib import Path
from typing import Final

from classroom.common.clock import Clock
from classroom.common.errors import CommandError
from classroom.lesson import Lesson
from classroom.lesson.audio import AudioInput, MicrophoneInput, SourceInput, settings_of
from classroom.lesson.difference import Changes
from classroom.media.frames import PictureSlot
from classroom.media.sound import SoundInput
from classroom.media.sound_buffer import SoundBuffer
from classroom.media.source_swap import SourceSwap, stop_all
from classroom.media.sources import build_picture_source, build_sound_source
from classroom.media.sources.base import Source
from classroom.media.sources.factory import PictureModel, SoundModel
from classroom.media.sources.slides import Slides
from classroom.media.supervisor import SourceRunner, SourceStatus

__all__ = ["SourcePool"]

_GENERATION: Final = 1 << 32
"""Pictures that a source has delivered at most before the lesson was saved again: four years at 30 a second."""


class SourcePool:
    """The picture sources and the audio inputs of a lesson, each with its runner.

    ``changed`` is called, from any thread, whenever the status of one of them changed.
    """

    def __init__(self, lesson: Lesson, *, clock: Clock, changed: Callable[[], None]) -> None:
        self._lesson = lesson
        self._clock = clock
        self._changed = changed
        self._size = (lesson.program.size.width, lesson.program.size.height)
        self._fps = lesson.program.fps
        self._generation = 0
        self._pictures = {name: self._picture_runner(name, model) for name, model in lesson.sources.items()}
        self._sounds = {
            name: self._sound_runner(name, model)
            for name, model in lesson.audio.items()
            if not isinstance(model, SourceInput)
        }
        self._live: frozenset[str] = frozenset()
        self._shown: frozenset[str] = frozenset()
        self._standing_in: frozenset[str] = frozenset()
        self._stood_in: set[str] = set()
        self._lock = threading.Lock()

    @property
    def slots(self) -> dict[str, PictureSlot]:
        """Where each source delivers its pictures."""
        return {name: runner.source.picture for name, runner in self._pictures.items() if runner.source.picture}

    def sources(self) -> dict[str, Source]:
        """The picture sources themselves, for the parts that deliver into them."""
        return {name: runner.source for name, runner in self._pictures.items()}

    def every_source(self) -> dict[str, Source]:
        """The picture sources, and the inputs with a device of their own."""
        return {name: runner.source for name, runner in {**self._sounds, **self._pictures}.items()}

    def live(self) -> frozenset[str]:
        """The sources that have a picture now; read in every tick, by any thread."""
        return self._live

    def inputs(self) -> dict[str, SoundInput]:
        """The audio inputs as the lesson sets them."""
        found = {}
        for name, model in self._lesson.audio.items():
            buffer = self._runner_of_input(name).source.sound
            if buffer is not None:
                found[name] = _input(model, buffer)
        return found

    def start(self) -> None:
        """Start all; returns at once."""
        for runner in self._runners():
            runner.start()

    def stop(self, timeout: float = 2.0) -> None:
        """Stop all side by side; blocks for about ``timeout`` seconds at most."""
        stop_all(self._runners(), timeout)

    def swap(self, lesson: Lesson, changes: Changes) -> SourceSwap:
        """Take the sources and inputs of another lesson; those that did not change keep running untouched.

        New sources run when the swap is carried out. A source that is gone has a picture until it is closed, and a
        place here until ``forget``.
        """
        self._generation += 1
        sources, inputs = changes.sources, changes.inputs
        old_lesson, old_pictures, old_sounds = self._lesson, self._pictures, self._sounds
        pictures = {
            name: self._picture_runner(name, model) if name in sources.fresh else old_pictures[name]
            for name, model in lesson.sources.items()
        }
        sounds = {
            name: self._sound_runner(name, model) if name in inputs.fresh else old_sounds[name]
            for name, model in lesson.audio.items()
            if not isinstance(model, SourceInput)
        }
        for name in sources.fresh:
            before = old_pictures.get(sources.after.get(name, name))
            pictures[name].source.succeed(None if before is None else before.source, self._generation * _GENERATION)
        leaving = {name: old_pictures[name] for name in sources.removed}
        self._lesson, self._pictures, self._sounds = lesson, pictures | leaving, sounds
        self._refresh()
        fresh = [(pictures[name], name in sources.after) for name in sources.fresh]
        fresh += [(sounds[name], name in inputs.after) for name in inputs.fresh]
        return SourceSwap(
            opening=[runner for runner, waits in fresh if not waits],
            waiting=[runner for runner, waits in fresh if waits],
            closing=[old_pictures[name] for name in sources.removed | sources.changed]
            + [old_sounds[name] for name in inputs.removed | inputs.changed],
            leaving=list(leaving),
            before=(old_lesson, old_pictures, old_sounds),
        )

    def take_back(self, swap: SourceSwap) -> None:
        """Have the sources and inputs from before a swap that was not carried out to its end."""
        self._lesson, pictures, sounds = swap.before
        self._pictures, self._sounds = dict(pictures), dict(sounds)
        self._refresh()

    def forget(self, names: Sequence[str]) -> None:
        """Take sources out that are gone from the lesson."""
        self._pictures = {name: runner for name, runner in self._pictures.items() if name not in names}
        self._refresh()

    def restart(self, name: str) -> None:
        """Close and open a source or an audio input; CommandError when there is none of that name."""
        runner = self._pictures.get(name) or self._sounds.get(name)
        if runner is None:
            raise CommandError.unknown("source", name, [*self._pictures, *self._sounds])
        runner.restart()

    def put_on_air(self, names: Set[str], now: float) -> None:
        """Say which sources the program shows from the clock second ``now`` on.

        What begins on air, such as a countdown, begins anew each time. Fallbacks go on behind other scenes.
        """
        come, self._shown = names - self._shown, frozenset(names)
        for name, runner in self._pictures.items():
            source = runner.source
            if name not in names and name not in self._may_go_on():
                source.on_air_since = None
            elif name in come or (name in names and source.on_air_since is None):
                source.on_air_since = now

    def stand_in(self, names: Set[str], now: float) -> None:
        """Say which sources replace others in the program from the clock second ``now`` on.

        One that was on air, or has stood in before, goes on, so that a countdown is not set back each time that a
        camera is lost. It begins where it never did, and anew where it is over.
        """
        come, self._standing_in = names - self._standing_in, frozenset(names)
        self._stood_in |= come
        for name in come - self._shown:
            source = self._pictures[name].source
            if source.on_air_since is None or source.over:
                source.on_air_since = now

    def _may_go_on(self) -> Set[str]:
        """What continues while no scene shows it."""
        fallback = self._lesson.program.fallback
        return self._stood_in if fallback is None else self._stood_in | {fallback}

    def go_to(self, name: str, page: int | None, step: int | None) -> None:
        """Turn to a page of slides; CommandError when there are no such slides or no such page."""
        slides = {each: runner.source for each, runner in self._pictures.items() if isinstance(runner.source, Slides)}
        if name not in slides:
            raise CommandError.unknown("slides", name, list(slides))
        slides[name].go_to(page, step)

    def pages(self) -> dict[str, tuple[int, int | None]]:
        """The page that is shown and how many there are, of each source that has pages."""
        return {
            name: (runner.source.page, runner.source.pages)
            for name, runner in self._pictures.items()
            if isinstance(runner.source, Slides)
        }

    def pictures(self) -> dict[str, SourceStatus]:
        """How each source is."""
        return {name: runner.status for name, runner in self._pictures.items()}

    def sounds(self) -> dict[str, SourceStatus]:
        """How the source of each audio input is."""
        return {name: self._runner_of_input(name).status for name in self._lesson.audio}

    def statuses(self) -> dict[str, SourceStatus]:
        """The state of everything that ``restart`` takes: the sources, and the inputs with a device of their own."""
        return {name: runner.status for name, runner in {**self._sounds, **self._pictures}.items()}

    def losses(self) -> dict[str, int]:
        """How often each source was lost so far."""
        return {name: runner.losses for name, runner in self._pictures.items()}

    def settled(self) -> bool:
        """Whether none of them is still starting."""
        return all(runner.status.state != "starting" for runner in self._runners())

    def _picture_runner(self, name: str, model: PictureModel) -> SourceRunner:
        # The lesson's paths are absolute already, so there is no folder to look in.
        source = build_picture_source(name, model, self._clock, Path(), size=self._size, fps=self._fps)
        return SourceRunner(source, self._clock, self._refresh)

    def _sound_runner(self, name: str, model: SoundModel) -> SourceRunner:
        return SourceRunner(build_sound_source(name, model, self._clock), self._clock, self._refresh)

    def _runners(self) -> list[SourceRunner]:
        return [*self._pictures.values(), *self._sounds.values()]

    def _runner_of_input(self, name: str) -> SourceRunner:
        model = self._lesson.audio[name]
        return self._pictures[model.source] if isinstance(model, SourceInput) else self._sounds[name]

    def _refresh(self) -> None:
        # Two sources may change at once, each in its own thread; the later one must not be overwritten by the earlier.
        with self._lock:
            self._live = frozenset(name for name, runner in self._pictures.items() if _has_picture(runner))
        self._changed()


def _has_picture(runner: SourceRunner) -> bool:
    """Whether it can be shown: it is live, or it starts and has the last picture of the source that it replaces."""
    if runner.status.state == "starting":
        return runner.source.picture is not None and runner.source.picture.newest() is not None
    return runner.status.state == "live"


def _input(model: AudioInput, buffer: SoundBuffer) -> SoundInput:
    return SoundInput(
        buffer,
        speech=isinstance(model, MicrophoneInput),
        source=model.source if isinstance(model, SourceInput) else None,
        **settings_of(model).describe(),
    )
