"""How a lesson is brought to where it was: what its microphones, scenes and pages become."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from classroom.common.clock import ManualClock
from classroom.features.resume import Beginning
from classroom.lesson import Lesson
from classroom.lesson.audio import AudioSettings
from classroom.lesson.progress import InputProgress, PageProgress, Progress, RunOfShowProgress, path_text
from classroom.lesson.progress_file import ProgressFile, Resumption
from classroom.media.sound import SoundInput
from classroom.media.sound_buffer import SoundBuffer
from classroom.media.source_pool import SourcePool
from classroom.media.sources.slides import Slides
from tests.support.lessons import lesson_of

LESSON = """\
sources:
  title: {kind: card, title: Soon}
  camera: {kind: camera}
audio:
  mic: {kind: microphone}
  film: {kind: tone}
scenes:
  title: title
  talk: camera
"""


def lesson(text: str = LESSON) -> Lesson:
    return lesson_of(text)


def setting(*, gain: float = 0.0, muted: bool = False) -> AudioSettings:
    return AudioSettings(gain=gain, muted=muted, delay=0.0, duck=0.0, heard="always")


def going_on(
    text: str = LESSON,
    *,
    scene: str = "talk",
    waits: bool = False,
    waiting: tuple[str, ...] = (),
    ago: float = 20.0,
    pages: dict[str, PageProgress] | None = None,
    **audio: InputProgress,
) -> Beginning:
    before = Progress(
        lesson="lesson.yaml",
        saved=datetime.now(UTC) - timedelta(seconds=ago),
        elapsed=600.0,
        scene=scene,
        preview=None,
        waits=waits,
        waiting=waiting,
        audio=audio,
        pages=pages or {},
        devices={},
        cues=RunOfShowProgress(held=False, cues=()),
    )
    keeping = Resumption(ProgressFile(Path("nowhere"), "lesson.yaml"), before)
    return Beginning(lesson(text), keeping, clock=ManualClock(10_000.0))


class Deck(Slides):
    """Slides that note the page that they are to begin at."""

    begins_at = 1

    def begin_at(self, page: int) -> None:
        self.begins_at = page


@pytest.mark.parametrize(("file", "page"), [("deck.pdf", 7), ("another.pdf", 1)])
def test_slides_begin_at_the_page_that_was_shown_of_the_same_file(file: str, page: int, tmp_path: Path) -> None:
    deck = Deck(name="deck", clock=ManualClock(), path=tmp_path / "deck.pdf")
    kept = PageProgress(file=path_text(tmp_path / file), page=7)
    beginning = going_on(pages={"deck": kept, "gone": kept, "camera": kept})
    others = {"deck": deck, "camera": SimpleNamespace(path=tmp_path / file)}
    beginning.prepare(cast(SourcePool, SimpleNamespace(every_source=lambda: others)))
    assert deck.begins_at == page


def inputs(**muted: bool) -> dict[str, SoundInput]:
    return {name: SoundInput(SoundBuffer(), muted=each) for name, each in muted.items()}


def test_the_clock_of_a_lesson_goes_on_also_while_it_is_interrupted() -> None:
    goes_on = going_on()
    assert 10_000.0 - goes_on.time.started == pytest.approx(620.0, abs=5)
    assert (datetime.now(UTC) - goes_on.time.began).total_seconds() == pytest.approx(620.0, abs=5)


def test_a_clock_that_was_put_back_a_little_takes_nothing_from_it() -> None:
    assert 10_000.0 - going_on(ago=-30.0).time.started == pytest.approx(600.0, abs=1)


def test_what_the_teacher_set_comes_back() -> None:
    found = going_on(
        mic=InputProgress(said=setting(), set=setting(gain=-6.0, muted=True)),
        film=InputProgress(said=setting(muted=True), set=setting(muted=False)),
    ).inputs(inputs(mic=False, film=True))
    assert (found["mic"].gain, found["mic"].muted, found["film"].muted) == (-6.0, True, False)


def test_what_the_file_says_anew_is_taken_but_no_microphone_is_opened_by_it() -> None:
    muted = InputProgress(said=setting(muted=True, gain=3.0), set=setting(muted=True, gain=-6.0))
    open_ = InputProgress(said=setting(), set=setting(gain=2.0))
    found = going_on(mic=muted, film=open_).inputs(inputs(mic=False, film=True))
    # Both are written in another way now than they were.
    assert (found["mic"].gain, found["mic"].muted) == (0.0, True)
    assert (found["film"].gain, found["film"].muted) == (2.0, True)


def test_a_microphone_with_another_name_may_be_the_one_that_was_muted() -> None:
    was_muted = going_on(voice=InputProgress(said=setting(), set=setting(muted=True)))
    found = was_muted.inputs(inputs(mic=False, film=False))
    assert (found["mic"].muted, found["film"].muted) == (True, False)
    was_open = going_on(voice=InputProgress(said=setting(), set=setting()))
    assert not was_open.inputs(inputs(mic=False))["mic"].muted


def test_a_lesson_interrupted_on_its_first_card_still_waits_with_its_microphones() -> None:
    goes_on = going_on(scene="title", waits=True, waiting=("mic",), mic=InputProgress(said=setting(), set=setting()))
    assert (goes_on.start, goes_on.waits) == ("title", True)
    assert not goes_on.inputs(inputs(mic=False))["mic"].muted  # the opening holds it then


def test_one_that_waited_stays_silent_where_the_card_is_a_camera_now() -> None:
    text = LESSON.replace("title: title\n", "title: camera\n")
    goes_on = going_on(
        text, scene="title", waits=True, waiting=("mic",), mic=InputProgress(said=setting(), set=setting())
    )
    assert not goes_on.waits
    assert goes_on.inputs(inputs(mic=False))["mic"].muted


def test_a_card_that_was_put_on_air_again_does_not_silence_what_was_heard() -> None:
    goes_on = going_on(scene="title", waits=False, mic=InputProgress(said=setting(), set=setting()))
    assert not goes_on.waits


def test_a_scene_that_is_gone_gives_way_to_the_beginning_of_the_lesson() -> None:
    goes_on = going_on(scene="desk", mic=InputProgress(said=setting(), set=setting()))
    assert (goes_on.start, goes_on.waits) == ("title", True)


def test_a_lesson_that_is_not_kept_begins_at_its_beginning() -> None:
    begins = Beginning(lesson(), None, clock=ManualClock(5.0))
    assert (begins.time.started, begins.start, begins.waits) == (5.0, "title", True)
