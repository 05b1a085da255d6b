"""In which language the pages of a whole lesson are."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.support.broadcast import LESSON, TOKEN, broadcasting
from tests.support.browser import PageFactory, state_is

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize(
    ("said", "shown"), [("", "zh"), ("language: null, ", "zh"), ("language: en, ", "en")], ids=["nothing", "null", "en"]
)
async def test_the_pages_are_in_their_readers_language_where_the_lesson_names_none(
    open_page: PageFactory, said: str, shown: str
) -> None:
    async with broadcasting(LESSON.replace("lesson: {", f"lesson: {{{said}")) as lesson:
        base = f"http://127.0.0.1:{lesson.port}"
        student = await open_page(base, locale="zh-CN")
        await student.locator("#name").fill("王小明")
        await student.locator("#join-button").click()
        await state_is(student, "live")
        await student.locator("#title", has_text="A test lesson").wait_for()
        teacher = await open_page(f"{base}/teach#token={quote(TOKEN)}", locale="zh-CN")
        await teacher.locator("[data-scene]").first.wait_for()
        for page in (student, teacher):
            assert str(await page.evaluate("document.documentElement.lang")).startswith(shown)
