"""The switcher of the teacher page: preview and take, transitions, slides, and panels that fold."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio
from PIL import Image
from playwright.async_api import Browser, Page, expect

from classroom.features.scenes import TransitionEntry
from classroom.features.sources import SourceEntry
from tests.support.broadcast import TOKEN, broadcasting
from tests.support.browser import PHONE, PageFactory, until_true
from tests.support.page_server import PageServer, page_server, slides
from tests.support.port import until
from tests.support.watching import watcher

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def server() -> AsyncIterator[PageServer]:
    async with page_server() as running:
        running.state["sources"]["slides"] = slides(1, 3)
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def board(server: PageServer, open_page: PageFactory) -> Page:
    page = await open_page(server.teach)
    await page.locator("[data-scene-button=talk]").wait_for()
    return page


def commands(server: PageServer) -> list[tuple[str, dict[str, Any]]]:
    """What the desk asked for, in order."""
    named = ("program.switch", "program.take", "preview.set", "slides.goto")
    return [(each["method"], each["params"]) for each in server.requests if each["method"] in named]


async def test_a_scene_is_prepared_and_taken(server: PageServer, board: Page) -> None:
    await board.get_by_label("Preview, then take").check()
    take = board.locator("#take")
    await expect(take).to_be_disabled()
    await expect(board.locator(".preview")).to_contain_text("Choose a scene")
    talk, desk = (board.locator(f"[data-scene-button={name}]") for name in ("talk", "desk"))
    await talk.click()
    await expect(talk).to_contain_text("Preview")
    await expect(talk).not_to_contain_text("On air")
    await expect(talk).to_have_attribute("aria-pressed", "true")
    await expect(desk).to_contain_text("On air")
    await expect(desk).to_have_attribute("aria-pressed", "false")
    await expect(board.locator("canvas[data-scene=talk]")).to_have_count(2)
    await expect(board.get_by_role("status").filter(has_text="Next: talk")).to_have_count(1)
    await take.focus()
    await board.keyboard.press("Enter")
    await expect(talk).to_contain_text("On air")
    await expect(desk).to_contain_text("Preview")
    await expect(take).to_be_focused()
    await expect(take).to_have_text("Take: desk T")
    await board.keyboard.press("Space")
    await expect(desk).to_contain_text("On air")
    assert commands(server) == [("preview.set", {"scene": "talk"}), ("program.take", {}), ("program.take", {})]


async def test_keys_prepare_and_take(server: PageServer, board: Page) -> None:
    await board.keyboard.press("t")  # means nothing while scenes go on air at once
    await board.locator("#prepare").check()
    await board.keyboard.press("t")  # nothing is prepared
    await board.keyboard.press("3")
    await expect(board.locator("[data-scene-button=both]")).to_contain_text("Preview")
    await board.keyboard.press("t")
    await expect(board.locator("[data-scene-button=both]")).to_contain_text("On air")
    await expect(board.locator("label", has=board.locator("#keys"))).to_contain_text("T takes it")
    assert commands(server) == [("preview.set", {"scene": "both"}), ("program.take", {})]


async def test_the_browser_remembers_the_mode(server: PageServer, board: Page) -> None:
    await board.locator("#prepare").check()
    await board.reload()
    await expect(board.locator("#prepare")).to_be_checked()
    await board.locator("#prepare").uncheck()
    await expect(board.locator("#take")).to_have_count(0)
    await board.locator("[data-scene-button=talk]").click()
    await expect(board.locator("[data-scene-button=talk]")).to_contain_text("On air")
    assert commands(server) == [("program.switch", {"scene": "talk"})]


async def test_another_teachers_preview_is_shown(server: PageServer, board: Page) -> None:
    await server.change(preview="duo")
    await expect(board.locator("[data-scene-button=duo]")).to_contain_text("Preview")
    await server.change(preview=None)
    await expect(board.locator("[data-scene-button=duo]")).not_to_contain_text("Preview")


async def test_the_chosen_transition_goes_with_the_command(server: PageServer, board: Page) -> None:
    choice = board.get_by_label("Transition")
    await choice.select_option(label="Cut")
    await expect(board.locator("#seconds")).to_have_count(0)
    await board.locator("[data-scene-button=talk]").click()
    await choice.select_option(label="Fade")
    await board.locator("[data-scene-button=desk]").click()
    seconds = board.get_by_label("Seconds", exact=True)
    await seconds.fill("99")
    await seconds.press("Tab")
    await expect(seconds).to_have_value("10")
    await seconds.fill("1.5")
    await board.locator("[data-scene-button=talk]").click()
    await choice.select_option(label="Lesson default")
    await board.locator("[data-scene-button=desk]").click()
    await until(lambda: len(server.asked("program.switch")) == 4)
    assert server.asked("program.switch") == [
        {"scene": "talk", "transition": "cut"},
        {"scene": "desk", "transition": "fade"},
        {"scene": "talk", "transition": "fade", "duration": 1.5},
        {"scene": "desk"},
    ]


async def test_a_chosen_transition_is_taken_as_well(server: PageServer, board: Page) -> None:
    await board.locator("#prepare").check()
    await board.locator("[data-scene-button=talk]").click()
    await board.get_by_label("Transition").select_option(label="Fade")
    await board.locator("#take").click()
    await expect(board.locator("[data-scene-button=desk]")).to_contain_text("Preview")
    await expect(board.locator("[data-scene-button=talk]")).to_contain_text("On air")
    assert commands(server) == [
        ("preview.set", {"scene": "talk"}),
        ("program.take", {"transition": "fade"}),
    ]


async def test_a_refused_take_leaves_the_preview(server: PageServer, board: Page) -> None:
    await server.change(preview="talk")
    await board.locator("#prepare").check()
    await board.get_by_label("Transition").select_option(label="Cut")
    server.errors["program.take"] = {"code": -32003, "message": "no", "data": {"why": "The lesson ends."}}
    await board.locator("#take").click()
    await expect(board.locator("#sentence")).to_contain_text("The lesson ends.")
    assert server.asked("preview.set") == []


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
async def test_a_transition_in_progress_is_told(server: PageServer, open_page: PageFactory, motion: str) -> None:
    page = await open_page(server.teach, reduced_motion=motion)
    await page.locator("[data-scene-button=talk]").wait_for()
    fade: TransitionEntry = {"kind": "fade", "from": "desk", "duration": 5.0}
    await server.change(program={**server.state["program"], "scene": "talk", "since": "now", "transition": fade})
    await expect(page.locator(".transition")).to_have_text("Fading from desk")
    bar = "document.querySelector('#transition-bar')"
    if motion == "reduce":
        await expect(page.locator("#transition-bar")).not_to_be_visible()
        assert await page.evaluate(f"{bar}.getAnimations().length") == 0
    else:
        await until_true(page, f"{bar}.getAnimations()[0]?.effect.getTiming().duration === 5000")
    await server.change(program={**server.state["program"], "transition": None})
    await expect(page.locator(".transition")).to_have_count(0)


async def test_slides_are_turned(server: PageServer, board: Page) -> None:
    shown = board.locator("[data-deck=slides] .deck-page")
    await expect(shown).to_have_text("Page 1 of 3")
    following = board.get_by_role("button", name="Next page of slides")
    previous = board.get_by_role("button", name="Previous page of slides")
    await expect(previous).to_have_attribute("aria-disabled", "true")
    await previous.click(force=True)  # there is none, and nothing is asked for
    await following.click()
    await expect(shown).to_have_text("Page 2 of 3")
    await previous.click()
    await expect(shown).to_have_text("Page 1 of 3")
    field = board.get_by_label("Page number in slides")
    await field.fill("9")
    await field.press("Enter")  # the browser says that there are three
    await field.fill("3")
    await field.press("Enter")
    await expect(shown).to_have_text("Page 3 of 3")
    await expect(following).to_have_attribute("aria-disabled", "true")
    await expect(field).to_have_value("")
    assert server.asked("slides.goto") == [
        {"source": "slides", "step": 1},
        {"source": "slides", "step": -1},
        {"source": "slides", "page": 3},
    ]


async def test_page_keys_turn_the_only_slides_or_those_on_air(server: PageServer, board: Page) -> None:
    await board.keyboard.press("PageDown")
    await expect(board.locator("[data-deck=slides] .deck-page")).to_have_text("Page 2 of 3")
    await server.change(sources={**server.state["sources"], "annex": slides(2, 2)})
    await expect(board.locator("[data-deck=annex] .deck-page")).to_have_text("Page 2 of 2")
    await board.keyboard.press("PageDown")  # two, and none is on air
    await server.change(scenes={**server.state["scenes"], "desk": {"layout": "full", "show": ["annex"]}})
    await expect(board.locator(".keys-hint")).to_contain_text("annex")
    fader = board.locator("[data-fader=mic]")
    await fader.click(position={"x": 5, "y": 5})
    await expect(fader).not_to_be_focused()
    await fader.focus()
    before = await fader.input_value()
    await board.keyboard.press("PageUp")  # the remote control of a presenter means the slides
    assert await fader.input_value() == before
    await expect(board.locator("[data-deck=annex] .deck-page")).to_have_text("Page 1 of 2")
    await board.locator("#keys").uncheck()
    await expect(board.locator(".keys-hint")).to_have_count(0)
    await board.keyboard.press("PageDown")
    assert await fader.input_value() == before
    await board.get_by_role("button", name="Next page of annex").click()
    await expect(board.locator("[data-deck=annex] .deck-page")).to_have_text("Page 2 of 2")
    assert server.asked("slides.goto") == [
        {"source": "slides", "step": 1},
        {"source": "annex", "step": -1},
        {"source": "annex", "step": 1},
    ]


async def test_slides_without_pages_say_so(server: PageServer, board: Page) -> None:
    gone: SourceEntry = {**slides(1, 3), "state": "failed", "why": "The file is gone.", "size": None, "pages": None}
    await server.change(sources={**server.state["sources"], "slides": gone})
    await expect(board.locator(".deck-page")).to_have_text("No pages yet")
    await board.keyboard.press("PageDown")
    await server.change(sources={"camera": server.state["sources"]["camera"]})
    await expect(board.locator(".deck")).to_have_count(0)
    assert server.asked("slides.goto") == []


async def test_a_folded_panel_stays_folded(server: PageServer, board: Page) -> None:
    await board.locator("[data-fold=sources] summary").click()
    await expect(board.locator("[data-source=bench]")).not_to_be_visible()
    await server.change(sources={**server.state["sources"], "slides": slides(2, 3)})
    await expect(board.locator(".deck-page")).to_have_text("Page 2 of 3")
    await expect(board.locator("[data-source=bench]")).not_to_be_visible()
    await until_true(board, "localStorage.getItem('classroom.fold.sources') === 'closed'")
    await board.reload()
    await expect(board.locator("[data-fold=sources]")).not_to_have_attribute("open", "")
    await expect(board.locator("[data-fold=audio]")).to_have_attribute("open", "")


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
async def test_the_desk_fits_a_phone(server: PageServer, open_page: PageFactory, locale: str) -> None:
    server.state |= {"lesson": {**server.state["lesson"], "language": locale[:2]}, "preview": "talk"}
    page = await open_page(server.teach, size=PHONE, locale=locale, has_touch=True, is_mobile=True)
    await page.locator("#prepare").check()
    await page.locator("#transition").select_option("fade")
    await page.locator("#take").tap()
    await expect(page.locator("[data-scene-button=talk] .on-air")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    small = await page.evaluate(
        """() => [...document.querySelectorAll('button, select, summary, input[type=number]')]
            .filter((each) => each.checkVisibility() && each.getBoundingClientRect().height < 44)
            .map((each) => each.outerHTML)"""
    )
    assert small == []


LESSON = """
lesson: {title: "Studio"}
sources:
  red: {kind: camera, device: "lavfi:color=c=red:size=640x360:rate=30"}
  blue: {kind: camera, device: "lavfi:color=c=blue:size=640x360:rate=30"}
scenes:
  red: red
  blue: blue
program: {size: 640x360, fps: 30, transition: cut}
recording: {start: never}
"""


async def test_a_student_sees_the_mix_of_a_taken_fade(browser: Browser, open_page: PageFactory) -> None:
    async with broadcasting(LESSON) as lesson, watcher(browser, f"http://127.0.0.1:{lesson.port}/") as student:
        board = await open_page(f"http://127.0.0.1:{lesson.port}/teach#token={quote(TOKEN)}")
        await student.join()
        await student.state("live")
        await student.sees({(0.5, 0.5): "red"})
        await board.locator("#prepare").check()
        await board.locator("[data-scene-button=blue]").click()
        await expect(board.locator("[data-scene-button=blue]")).to_contain_text("Preview")
        await student.sees({(0.5, 0.5): "red"})
        await board.locator("#transition").select_option("fade")
        await board.locator("#seconds").fill("8")
        await board.locator("#take").click()
        await expect(board.locator(".transition")).to_have_text("Fading from red")
        # Neither is nearly all there is to see, and neither is nearly gone.
        await until_true(
            student.page,
            "(([[red, , blue]]) => Math.min(red, blue) > 60)(probe.pixels([[0.5, 0.5]]) ?? [[0, 0, 0]])",
            within=30,
        )
        await expect(board.locator("[data-scene-button=red]")).to_contain_text("Preview")
        await student.sees({(0.5, 0.5): "blue"})
        await expect(board.locator(".transition")).to_have_count(0)


async def test_a_student_sees_the_page_that_is_turned_to(
    browser: Browser, open_page: PageFactory, tmp_path: Path
) -> None:
    first, *others = (Image.new("RGB", (640, 360), colour) for colour in ("red", "blue", "lime"))
    first.save(tmp_path / "deck.pdf", save_all=True, append_images=others)
    text = f"""
sources: {{deck: {{kind: slides, file: "{tmp_path / "deck.pdf"}"}}}}
scenes: {{deck: deck}}
program: {{size: 640x360, fps: 30}}
recording: {{start: never}}
"""
    async with broadcasting(text) as lesson, watcher(browser, f"http://127.0.0.1:{lesson.port}/") as student:
        board = await open_page(f"http://127.0.0.1:{lesson.port}/teach#token={quote(TOKEN)}")
        await student.join()
        await student.sees({(0.5, 0.5): "red"})
        shown = board.locator(".deck-page")
        await expect(shown).to_have_text("Page 1 of 3")
        await board.keyboard.press("PageDown")
        await student.sees({(0.5, 0.5): "blue"})
        await expect(shown).to_have_text("Page 2 of 3")
        await board.get_by_role("button", name="Next page of deck").click()
        await student.sees({(0.5, 0.5): "lime"})
        await board.get_by_label("Page number in deck").fill("1")
        await board.keyboard.press("Enter")
        await student.sees({(0.5, 0.5): "red"})
        await expect(shown).to_have_text("Page 1 of 3")
