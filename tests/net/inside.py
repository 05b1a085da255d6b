"""What runs on another computer: a network namespace."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from playwright.async_api import Page, async_playwright

from tests.support.browser import ARGUMENTS, find_browser
from tests.support.watching import PROBE

__all__ = ["inside", "page_inside"]


def inside(namespace: str) -> tuple[str, ...]:
    """The command that runs another one in a namespace."""
    return ("ip", "netns", "exec", namespace)


@contextlib.asynccontextmanager
async def page_inside(
    namespace: str, folder: Path, *, arguments: Sequence[str] = (), **context: Any
) -> AsyncIterator[Page]:
    """A page of a browser in a namespace; ``folder`` is for what starts it, ``arguments`` are more for the browser."""
    start = folder / f"browser-{namespace}"
    start.write_text(f'#!/bin/sh\nexec {" ".join(inside(namespace))} {find_browser()} "$@"\n')
    start.chmod(0o755)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(start), args=[*ARGUMENTS, *arguments])
        try:
            opened = await browser.new_context(viewport={"width": 1280, "height": 800}, **context)
            await opened.add_init_script(PROBE)
            yield await opened.new_page()
        finally:
            await browser.close()
