"""Slides from a real PDF: every page is the one it should be, and a page turn waits for nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import av
import pytest

from classroom.common.clock import SystemClock
from classroom.common.errors import CommandError
from classroom.features.alarms import source_alarms
from classroom.media.sources import slides as slides_module
from classroom.media.sources.file_watch import FileWatch
from classroom.media.sources.slides import Slides
from classroom.media.supervisor import SourceRunner
from tests.support.clips import brightness, pdf
from tests.support.pdf_files import text_pdf
from tests.support.waiting import wait_for

A4 = (842.0, 595.0)


@contextmanager
def running(
    path: Path, size: tuple[int, int] = (320, 180), password: str | None = None
) -> Iterator[tuple[Slides, SourceRunner]]:
    slides = Slides(name="slides", clock=SystemClock(), path=path, size=size, password=password)
    runner = SourceRunner(slides, SystemClock(), lambda: None)
    runner.start()
    try:
        yield slides, runner
    finally:
        runner.stop()


def shows(slides: Slides, page: int) -> bool:
    assert slides.picture is not None
    newest = slides.picture.newest()
    # The picture is in limited range; the page is grey 40 + n of 255.
    return newest is not None and abs(brightness(newest.frame) - (40 + page)) <= 0.6


def test_two_hundred_pages(tmp_path: Path) -> None:
    with running(pdf(tmp_path / "long.pdf", 200)) as (slides, runner):
        wait_for(lambda: shows(slides, 1))
        assert slides.pages == 200
        assert runner.status.state == "live"
        assert runner.status.size == (240, 180)
        for page in (2, 3, 200, 1, 100):
            assert slides.go_to(page) == page
            wait_for(lambda page=page: shows(slides, page))  # type: ignore[misc]
            assert slides.page == page


def test_steps_stop_at_the_ends(tmp_path: Path) -> None:
    with running(pdf(tmp_path / "short.pdf", 3)) as (slides, _):
        wait_for(lambda: shows(slides, 1))
        assert slides.go_to(step=-1) == 1
        assert slides.go_to(step=2) == 3
        assert slides.go_to(step=5) == 3
        wait_for(lambda: shows(slides, 3))
        for page in (0, 4, -1):
            with pytest.raises(CommandError) as caught:
                slides.go_to(page)
            assert caught.value.code == -32002
            assert caught.value.data == {"known": [1, 3]}
        assert slides.page == 3


def test_the_next_page_is_rendered_before_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slides = Slides(name="slides", clock=SystemClock(), path=pdf(tmp_path / "a.pdf", 9), size=(320, 180))
    rendered: list[int] = []
    render = slides._render

    def counted(page: int) -> av.VideoFrame:
        rendered.append(page)
        return render(page)

    monkeypatch.setattr(slides, "_render", counted)
    slides.open()
    slides.go_to(4)
    for _ in range(3):
        slides.read()
    assert rendered == [4, 5, 3]
    slides.go_to(step=1)
    slides.read()
    assert shows(slides, 5)
    assert rendered == [4, 5, 3]
    slides.close()


def test_slides_that_were_given_up_for_a_moment_are_shown_again(tmp_path: Path) -> None:
    slides = Slides(name="slides", clock=SystemClock(), path=pdf(tmp_path / "a.pdf", 3), size=(320, 180))
    slides.open()
    slides.go_to(2)
    slides.read()
    slides.forget()
    slides.read()
    assert shows(slides, 2)
    slides.close()


def test_before_the_file_is_open_there_is_no_page(tmp_path: Path) -> None:
    slides = Slides(name="slides", clock=SystemClock(), path=tmp_path / "a.pdf")
    with pytest.raises(CommandError, match="not open"):
        slides.go_to(1)


def test_a_page_that_cannot_be_shown_does_not_take_its_neighbours_away(tmp_path: Path) -> None:
    slides = Slides(name="slides", clock=SystemClock(), path=pdf(tmp_path / "a.pdf", 3, broken=2), size=(320, 180))
    slides.open()
    for page in (1, 3):
        slides.go_to(page)
        for _ in range(4):
            slides.read()
        assert shows(slides, page)
    slides.close()


def test_the_teacher_turns_on_from_a_page_that_cannot_be_shown(tmp_path: Path) -> None:
    with running(pdf(tmp_path / "a.pdf", 3, broken=2)) as (slides, runner):
        wait_for(lambda: shows(slides, 1))
        slides.go_to(2)
        wait_for(lambda: runner.status.state == "lost")
        assert "Page 2" in (runner.status.why or "")
        assert slides.go_to(step=1) == 3
        wait_for(lambda: shows(slides, 3))
        wait_for(lambda: runner.status.state == "live")


def test_slides_that_are_saved_again_are_shown_as_they_are_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Also in Windows, where a file that is open could not be saved; a half-written or missing one changes nothing."""
    monkeypatch.setattr(slides_module, "FileWatch", partial(FileWatch, every=0.02))
    path = pdf(tmp_path / "week3.pdf", 5)
    with running(path) as (slides, runner):
        slides_state: list[tuple[int, int | None]] = []
        wait_for(lambda: shows(slides, 1))
        slides.go_to(5)
        wait_for(lambda: shows(slides, 5))
        assert path.resolve() not in [link.resolve() for link in Path("/proc/self/fd").glob("*")]

        monkeypatch.setattr(runner, "_on_change", lambda: slides_state.append((slides.page, slides.pages)))
        pdf(path, 3)
        wait_for(lambda: shows(slides, 3))
        assert (slides.page, slides.pages) == (3, 3)
        wait_for(lambda: slides_state == [(3, 3)])  # teachers are told of the new number of pages

        path.write_bytes(path.read_bytes()[:40])
        wait_for(lambda: "was saved again but is not shown" in caplog.text)
        slides.go_to(2)
        wait_for(lambda: shows(slides, 2))
        path.unlink()
        slides.go_to(1)
        wait_for(lambda: shows(slides, 1))
        pdf(path, 7)
        wait_for(lambda: slides.pages == 7 and shows(slides, 1))
        assert runner.losses == 0


@pytest.mark.parametrize(
    ("saved", "said"),
    [
        (lambda path: text_pdf(path, A4, password="Another#9"), "The password of the slides"),
        (lambda path: path.write_bytes(b"%PDF-1.7\nfrom a full disk"), "are damaged"),
        (lambda path: path.write_bytes(b""), "are damaged"),
    ],
    ids=["another password", "torn", "empty"],
)
def test_what_was_saved_and_cannot_be_opened_is_told_while_the_old_pages_stay(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    saved: Callable[[Path], object],
    said: str,
) -> None:
    monkeypatch.setattr(slides_module, "FileWatch", partial(FileWatch, every=0.02))
    path = text_pdf(tmp_path / "exam.pdf", A4, password="Geheim#1", pages=3)
    with running(path, password="Geheim#1") as (slides, runner):
        wait_for(lambda: runner.status.state == "live" and slides.pages == 3)
        before = runner.status
        saved(path)
        wait_for(lambda: runner.status.fault == "outdated")
        why = str(runner.status.why)
        assert why.startswith("'slides' was saved again and cannot be shown, so its pages from before stay. The ")
        assert said in why
        assert "#" not in why + caplog.text, "neither password"
        (alarm,) = source_alarms({"slides": runner.status}, ())
        assert (alarm.code, alarm.remedy) == ("source.outdated", None), "opened again, the pages would be lost"
        slides.go_to(2)  # pages can still be turned
        wait_for(lambda: slides.picture is not None and (new := slides.picture.newest()) is not None and new.serial > 1)
        assert runner.status.state == "live"
        assert runner.status.why == why
        text_pdf(path, A4, password="Geheim#1", pages=4)
        wait_for(lambda: slides.pages == 4 and runner.status.fault is None)
        assert runner.status.why is None
        assert runner.losses == 0
        assert before.size == runner.status.size
