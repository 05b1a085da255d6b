"""Pages that were away: kept in the browser's memory, asleep with the computer, on a connection that is dead."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, WebSocketRoute, expect

from classroom.webrtc.messages import Ended
from tests.support.broadcast import eventually
from tests.support.browser import PageFactory, state_is
from tests.support.lobby import in_lobby
from tests.support.page_server import PageServer, page_server

pytestmark = pytest.mark.asyncio(loop_scope="session")

GIVE_UP = """
async () => {
    const { Signaling } = await import('/assets/lib/signaling.js');
    const real = window.fetch;
    const posts = [];
    let ids = 7;
    const answer = (body, from) => new Response(body, { headers: { Pragma: String(from) } });
    const signedIn = [];
    await new Promise((resolve) => {
        window.fetch = async (address, { signal } = {}) => {
            const what = String(address);
            if (what.includes('sign_in')) return answer(`me,${ids},1\\nit,9,1\\n`, ids++);
            if (what.includes('message')) {
                posts.push(what.split('peer_id=')[1].split('&')[0]);
                await new Promise((done) => setTimeout(done, 100));
            }
            if (what.includes('wait')) {
                await new Promise((_, fail) => {
                    signal.addEventListener('abort', () => fail(new DOMException('', 'AbortError')));
                });
            }
            return answer('', 9);
        };
        const signaling = new Signaling({
            name: 'me',
            events: {
                async onSignedIn(id) {
                    signedIn.push(id);
                    if (signedIn.length > 1) return;
                    const first = signaling.send(9, 'on its way when the id is given up');
                    const second = signaling.send(9, 'still waiting then');
                    await new Promise((done) => setTimeout(done, 20));
                    signaling.again();
                    await Promise.all([first, second]);
                    await new Promise((done) => setTimeout(done, 1000));
                    signaling.stop();
                    resolve();
                },
                onMember() {}, onMessage() {}, onRefused() {}, onLost() {},
            },
        });
        signaling.start();
    });
    window.fetch = real;
    return { posts, signedIn };
}
"""


@pytest_asyncio.fixture(loop_scope="session")
async def server() -> AsyncIterator[PageServer]:
    async with page_server() as running:
        yield running


async def leave(page: Page) -> None:
    """Do as a browser that shows another page and keeps this one in its memory."""
    await page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true })) && undefined")


async def come_back(page: Page) -> None:
    await page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })) && undefined")


async def test_a_student_who_comes_back_to_the_page_is_in_the_lesson_again(
    server: PageServer, open_page: PageFactory
) -> None:
    await server.member.sign_in("Algebra")
    page = await open_page(server.origin)
    await page.locator("#name").fill("Ada")
    await page.locator("#join-button").click()
    first, _ = await server.page_message("hello")
    await leave(page)
    assert (await server.left()).id == first
    await come_back(page)
    again, _ = await server.page_message("hello")
    assert again != first
    await server.say(again, Ended())
    await state_is(page, "ended")
    await leave(page)
    await come_back(page)
    await state_is(page, "ended")
    assert (await server.left()).id == again


async def test_a_teacher_who_comes_back_to_the_page_has_the_lesson_again(
    server: PageServer, open_page: PageFactory
) -> None:
    page = await open_page(server.teach)
    await page.locator("[data-scene-button=talk]").wait_for()
    await leave(page)
    await come_back(page)
    await eventually(lambda: len(server.asked("hello")) == 2)
    await page.locator("[data-scene-button=away]").click()
    await expect(page.locator("[data-scene-button=away]")).to_have_attribute("aria-pressed", "true")


async def test_after_the_computer_slept_the_page_asks_for_news_anew(server: PageServer, open_page: PageFactory) -> None:
    page, peer, waits = await in_lobby(server, open_page)
    # From now on time goes only as far as is said here.
    await page.clock.pause_at(await page.evaluate("Date.now() + 1000"))
    before = len(waits)
    await page.clock.run_for(3000)
    assert len(waits) == before, "nothing is lost, so nothing is asked anew"
    await page.clock.fast_forward(21_000)  # less than any request lasts
    await page.clock.run_for(600)
    await eventually(lambda: len(waits) > before, within=10)  # the server itself answers after 25 s
    assert {url.partition("peer_id=")[2].partition("&")[0] for url in waits} == {str(peer)}


async def test_a_control_connection_on_which_nothing_comes_any_more_is_made_anew(
    server: PageServer, open_page: PageFactory
) -> None:
    page = await open_page(server.origin)
    dead: list[bool] = []

    def pass_on(route: WebSocketRoute) -> None:
        beyond = route.connect_to_server()
        mine = len(dead)
        dead.append(False)
        route.on_message(lambda message: None if dead[mine] else beyond.send(message))
        beyond.on_message(lambda message: None if dead[mine] else route.send(message))

    await page.route_web_socket("**/control", pass_on)
    await page.clock.install()
    await page.goto(server.teach)
    await page.locator("[data-scene-button=talk]").wait_for()
    await page.clock.run_for(12_000)
    assert len(server.asked("hello")) == 1, "a teacher who does nothing is asked whether he is there, and is"
    dead[0] = True
    for _ in range(40):
        await page.clock.run_for(1000)
        if len(server.asked("hello")) == 2:
            break
    assert len(server.asked("hello")) == 2
    await page.locator("[data-scene-button=away]").click()
    await expect(page.locator("[data-scene-button=away]")).to_have_attribute("aria-pressed", "true")


async def test_what_waits_to_be_sent_is_not_sent_for_an_id_that_was_given_up(
    server: PageServer, open_page: PageFactory
) -> None:
    page = await open_page(server.origin)
    assert await page.evaluate(GIVE_UP) == {"posts": ["7"], "signedIn": [7, 8]}
