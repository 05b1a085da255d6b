"""A film's flashes and beeps: together in the packets of the program, and for a student who really plays the sound."""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest

from classroom.broadcaster import Broadcaster
from classroom.features.scenes import ScenesFeature
from tests.support.broadcast import broadcasting
from tests.support.browser import audible_browser
from tests.support.clips import clip
from tests.support.listening import lateness, listen
from tests.support.senses import beeps_after, sensing
from tests.support.watching import Watcher, watcher

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

LESSON = """
sources:
  pause: {{kind: card, title: "Soon"}}
  film: {{kind: file, path: "{film}", loop: true}}
audio: {{film: {{source: film}}}}
scenes: {{pause: pause, film: film}}
program: {{size: 640x360, fps: 30}}
recording: {{start: never}}
"""

WAITED = 75.0
"""Milliseconds by which sound may be late; where pictures do not wait for it, it is 80 to 110."""

SECONDS = 3.28
"""How long the film is: it flashes four times, and begins again."""


async def settled(lesson: Broadcaster, student: Watcher) -> None:
    """Wait until the beeps come as steadily as the flashes; once more each time a busy machine lost sound meanwhile."""
    for attempt in range(4):
        skipped = lesson._program.statistics["sound"]["skipped"]
        try:
            found = await lateness(student, skip=4, within=40)
        except pytest.fail.Exception:
            if attempt == 3 or lesson._program.statistics["sound"]["skipped"] == skipped:
                raise
        else:
            assert found.heard < WAITED, "pictures of a film that is heard wait for their sound"
            return


async def test_a_film_is_heard_as_it_is_seen_when_it_loops_and_when_it_begins_anew(tmp_path: Path) -> None:
    film = clip(tmp_path / "film.mp4", seconds=SECONDS, every=1.0)
    async with (
        audible_browser() as browser,
        broadcasting(LESSON.format(film=film)) as lesson,
        sensing(lesson._program) as senses,
        watcher(browser, f"http://127.0.0.1:{lesson.port}/") as student,
    ):
        await student.join()
        await student.state("live")
        await listen(student)
        for _ in range(2):
            lesson.feature(ScenesFeature).switch("film")
            await settled(lesson, student)
            lesson.feature(ScenesFeature).switch("pause")
            await student.page.wait_for_timeout(600)
    # The first picture flashes for longer than that before the film begins.
    late = beeps_after(senses.eye.flashes, senses.ear.beeps, within=0.14)
    assert len(late) > 10
    assert abs(statistics.median(late)) < 0.06, late
