"""All sources of a lesson: builds them, runs them, and says how each of them is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Set
from pathlib import Path

from classroom.clock import Clock
from classroom.errors import CommandError
from classroom.lesson import Lesson
from classroom.lesson.audio import SourceInput
from classroom.media.frames import PictureSlot
from classroom.media.sound import SoundInput
from classroom.media.sources import build_picture_source, build_sound_source
from classroom.media.sources.base import Source
from classroom.media.sources.slides import Slides
from classroom.media.supervisor import SourceRunner, SourceStatus

__all__ = ["Studio"]


class Studio:
    """The picture sources and the audio inputs of a lesson, each with its runner.

    ``changed`` is called, from any thread, whenever the status of one of them changed.
    """

    def __init__(self, lesson: Lesson, *, clock: Clock, changed: Callable[[], None]) -> None:
        self._lesson = lesson
        self._changed = changed
        program = lesson.program
        size = (program.size.width, program.size.height)
        # The lesson's paths are absolute already, so there is no folder to look in.
        self._pictures = {
            name: SourceRunner(
                build_picture_source(name, model, clock, Path(), size=size, fps=program.fps), clock, self._refresh
            )
            for name, model in lesson.sources.items()
        }
        self._sounds = {
            name: SourceRunner(build_sound_source(name, model, clock), clock, self._refresh)
            for name, model in lesson.audio.items()
            if not isinstance(model, SourceInput)
        }
        self._live: frozenset[str] = frozenset()
        self._lock = threading.Lock()

    @property
    def slots(self) -> dict[str, PictureSlot]:
        """Where each source delivers its pictures."""
        return {name: runner.source.picture for name, runner in self._pictures.items() if runner.source.picture}

    def sources(self) -> dict[str, Source]:
        """The picture sources themselves, for who delivers into them."""
        return {name: runner.source for name, runner in self._pictures.items()}

    def live(self) -> frozenset[str]:
        """The sources that have a picture now; read in every tick, by any thread."""
        return self._live

    def inputs(self) -> dict[str, SoundInput]:
        """The audio inputs with the gain and mute of the lesson."""
        found = {}
        for name, model in self._lesson.audio.items():
            buffer = self._runner_of_input(name).source.sound
            if buffer is not None:
                found[name] = SoundInput(buffer, gain=model.gain, muted=model.muted)
        return found

    def start(self) -> None:
        """Start all; returns at once."""
        for runner in self._runners():
            runner.start()

    def stop(self, timeout: float = 2.0) -> None:
        """Stop all side by side; blocks for about ``timeout`` seconds at most."""
        threads = [threading.Thread(target=runner.stop, args=(timeout,)) for runner in self._runners()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def restart(self, name: str) -> None:
        """Close and open a source or an audio input; CommandError when there is none of that name."""
        runner = self._pictures.get(name) or self._sounds.get(name)
        if runner is None:
            raise CommandError.unknown("source", name, [*self._pictures, *self._sounds])
        runner.restart()

    def put_on_air(self, names: Set[str], now: float) -> None:
        """Say which sources the program shows from the clock second ``now`` on; the fallback counts as always shown."""
        for name, runner in self._pictures.items():
            source = runner.source
            if name not in names and name != self._lesson.program.fallback:
                source.on_air_since = None
            elif source.on_air_since is None:
                source.on_air_since = now

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

    def settled(self) -> bool:
        """Whether none of them is still starting."""
        return all(runner.status.state != "starting" for runner in self._runners())

    def _runners(self) -> list[SourceRunner]:
        return [*self._pictures.values(), *self._sounds.values()]

    def _runner_of_input(self, name: str) -> SourceRunner:
        model = self._lesson.audio[name]
        return self._pictures[model.source] if isinstance(model, SourceInput) else self._sounds[name]

    def _refresh(self) -> None:
        # Two sources may change at once, each in its own thread; the later one must not be overwritten by the earlier.
        with self._lock:
            self._live = frozenset(name for name, status in self.pictures().items() if status.state == "live")
        self._changed()
