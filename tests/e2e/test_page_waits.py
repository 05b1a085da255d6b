"""What the pages make of requests that fail on their way: ended by a proxy, broken off, refused for a moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, Route, expect

from classroom.webrtc.messages import Ended, IceServersRenewed
from tests.support.broadcast import eventually
from tests.support.browser import PageFactory, state_is
from tests.support.lobby import in_lobby
from tests.support.page_server import PageServer, page_server

pytestmark = pytest.mark.asyncio(loop_scope="session")

MEET = """
async ({ base, answers, messages, renewals }) => {
    const { Signaling } = await import('/assets/lib/signaling.js');
    const asked = [];
    const sent = [];
    const real = window.fetch;
    let waits = 0;
    let posts = 0;
    const answer = (wanted, more) => {
        if (wanted === 'network') throw new TypeError('Failed to fetch');
        return new Response(wanted === 200 ? more.body : '', { status: wanted, headers: more.headers });
    };
    const result = await new Promise((resolve, reject) => {
        window.fetch = async (address, { signal } = {}) => {
            const what = String(address);
            if (!what.includes('/assets/')) asked.push(what);
            if (what.includes('sign_in')) return answer(200, { body: 'me,7,1\\nit,9,1\\n', headers: { Pragma: '7' } });
            if (what.includes('message')) return answer(messages[posts++] ?? 200, { body: '', headers: {} });
            if (what.includes('wait')) {
                const next = answers[waits++];
                if (next === undefined) {
                    return new Promise((_, fail) => {
                        signal.addEventListener('abort', () => fail(new DOMException('', 'AbortError')));
                        if (renewals-- > 0) signaling.renew();
                        else setTimeout(() => resolve('waits'), 300);
                    });
                }
                if (Array.isArray(next)) {
                    await new Promise((done) => setTimeout(done, next[1]));
                    return answer(next[0], { body: '', headers: {} });
                }
                return answer(next, { body: `news ${waits}`, headers: { Pragma: '9' } });
            }
            return answer(200, { body: '', headers: {} });
        };
        const signaling = new Signaling({
            name: 'me',
            base,
            events: {
                onSignedIn() { if (messages.length) signaling.send(9, 'x').then((taken) => sent.push(taken)); },
                onMember() {},
                onMessage(from, body) { sent.push([from, body]); },
                onRefused: reject,
                onLost(why) { resolve(why); },
            },
        });
        addEventListener('stop-it', () => signaling.stop());
        signaling.start();
    });
    dispatchEvent(new Event('stop-it'));
    window.fetch = real;
    return { result, sent, asked };
}
"""


@pytest_asyncio.fixture(loop_scope="session")
async def server() -> AsyncIterator[PageServer]:
    async with page_server() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def page(server: PageServer, open_page: PageFactory) -> Page:
    return await open_page(server.origin)


async def meet(
    page: Page, *answers: Any, base: str = "", messages: list[Any] | None = None, renewals: int = 0
) -> dict[str, Any]:
    """How a page's signaling fares with a server that answers its waits so, and then no more."""
    given = {"base": base, "answers": list(answers), "messages": messages or [], "renewals": renewals}
    met: dict[str, Any] = await page.evaluate(MEET, given)
    return met


def turns(met: dict[str, Any]) -> list[int]:
    """The turns of all waits, the first counted as 0."""
    numbers = [int(what.partition("turn=")[2].partition("&")[0]) for what in met["asked"] if "wait?" in what]
    return [number - numbers[0] for number in numbers]


def sign_ins(met: dict[str, Any]) -> int:
    return sum("sign_in" in what for what in met["asked"])


@pytest.mark.parametrize("failure", [408, 502, 503, 504, 520, 522, 524, "network"])
async def test_a_wait_that_fails_on_its_way_is_asked_again_with_the_same_id(page: Page, failure: Any) -> None:
    met = await meet(page, 200, failure, failure, 200)
    assert met["result"] == "waits"
    assert sign_ins(met) == 1
    assert turns(met) == [0, 1, 1, 1, 2]
    assert [body for _, body in met["sent"]] == ["news 1", "news 4"]


async def test_a_server_that_stays_away_is_left_after_a_few_tries(page: Page) -> None:
    met = await meet(page, *["network"] * 5)
    assert met["result"] == "Failed to fetch"
    assert turns(met) == [0] * 5
    assert (await meet(page, *[502] * 5))["result"] == "wait: 502"


@pytest.mark.parametrize("failure", [502, 503])
async def test_a_proxy_that_takes_its_time_for_each_failure_is_left_after_a_few_tries(page: Page, failure: int) -> None:
    met = await meet(page, 200, *[[failure, 1200]] * 5)
    assert met["result"] == f"wait: {failure}"
    assert turns(met) == [0, *[1] * 5]


PATIENCE = """
async ([waits, promised]) => {
    const { LongPoll } = await import('/assets/lib/long_poll.js');
    const { Backoff } = await import('/assets/lib/backoff.js');
    const patience = new LongPoll({ promised, backoff: new Backoff({ random: () => 0.5 }) });
    return waits.map(([lasted, tooSilent]) => {
        if (tooSilent === undefined) patience.answered();
        const pause = tooSilent === undefined ? 0 : patience.failed(lasted, tooSilent);
        return [pause, patience.seconds];
    });
}
"""
GIVEN_UP = [0, 500, 1000, 2000, None]
"""Pauses in milliseconds after failures in a row."""


async def fare(page: Page, *waits: tuple[float, bool] | tuple[()], promised: bool = True) -> list[list[float | None]]:
    """Pause and time asked for after each wait: failed after milliseconds and whether for silence, or answered."""
    fared: list[list[float | None]] = await page.evaluate(PATIENCE, [[list(wait) for wait in waits], promised])
    return fared


@pytest.mark.parametrize("lasted", [10, 3000, 9000, 24_000, 35_000])
async def test_failures_in_a_row_count_however_long_each_took(page: Page, lasted: float) -> None:
    fared = await fare(page, *[(lasted, False)] * 5)
    assert [pause for pause, _ in fared] == GIVEN_UP
    assert fared[-1][1] == 25  # earlier answers were no help


async def test_a_proxy_that_ends_each_wait_before_the_least_time_is_left_as_well(page: Page) -> None:
    fared = await fare(page, *[(3000, True)] * 5)
    assert fared == [[0, 3], [500, 3], [1000, 3], [2000, 3], [None, 25]]


async def test_an_answer_ends_a_row_of_failures(page: Page) -> None:
    fared = await fare(page, *[(3000, False)] * 4, (), *[(3000, False)] * 5)
    assert [pause for pause, _ in fared] == [*GIVEN_UP[:4], 0, *GIVEN_UP]


async def test_who_is_broken_off_again_and_again_asks_for_earlier_answers(page: Page) -> None:
    """Some filters end a silent request, or forget it, without a word."""
    assert await fare(page, (15_000, False), (15_000, False)) == [[0, 25], [500, 10]]
    assert await fare(page, (35_000, False), (35_000, False)) == [[0, 25], [500, 17]]
    assert await fare(page, (3000, False), (3000, False)) == [[0, 25], [500, 25]]


async def test_what_helped_against_a_proxys_impatience_stays(page: Page) -> None:
    fared = await fare(page, (6000, True), (), *[(10, False)] * 5)
    assert [within for _, within in fared] == [4] * 7


async def test_a_server_that_promised_no_answer_in_time_may_be_silent_for_ever(page: Page) -> None:
    fared = await fare(page, *[(35_000, False)] * 8, *[(6000, True)] * 8, promised=False)
    assert {pause for pause, _ in fared} == {0}
    fared = await fare(page, *[(3000, True)] * 5, promised=False)
    assert [pause for pause, _ in fared] == GIVEN_UP


async def test_who_is_forgotten_signs_in_anew_at_once(page: Page) -> None:
    met = await meet(page, 200, 500)
    assert met["result"] == "wait: 500"
    assert turns(met) == [0, 1]


async def test_where_a_proxy_is_impatient_the_page_asks_for_earlier_answers(page: Page) -> None:
    met = await meet(page, [504, 6000], 200)
    assert met["result"] == "waits"
    within = [int(what.partition("within=")[2]) for what in met["asked"] if "wait?" in what]
    assert within[0] == 25
    assert within[1] == within[2] == 4


async def test_a_wait_is_renewed_when_it_may_be_dead(page: Page) -> None:
    met = await meet(page, 200, renewals=8)
    assert met["result"] == "waits"
    assert sign_ins(met) == 1
    assert turns(met) == [0, *[1] * 9]


async def test_at_somebody_elses_server_an_id_is_not_tried_that_may_be_anothers(page: Page, server: PageServer) -> None:
    """There ids are counted anew after a restart; only an answer that came too late proves that there was none."""
    base = server.origin
    assert (await meet(page, 504, 524, 200, base=base))["result"] == "waits"
    assert (await meet(page, 200, 502, base=base))["result"] == "wait: 502"
    assert (await meet(page, 200, "network", base=base))["result"] == "Failed to fetch"


@pytest.mark.parametrize(
    ("answers", "taken", "posts"),
    [
        ([502, 504, 200], True, 3),
        ([429, 200], True, 2),
        (["network", 200], True, 2),
        ([500], False, 1),
        ([413], False, 1),
        ([503, 503, 503, 503], False, 4),
    ],
)
async def test_a_message_that_fails_on_its_way_is_sent_again(
    page: Page, answers: list[Any], taken: bool, posts: int
) -> None:
    met = await meet(page, [200, 6000], messages=answers)
    assert met["sent"][0] is taken
    assert sum("message?" in what for what in met["asked"]) == posts


async def test_a_fault_of_our_own_is_not_taken_for_the_network(page: Page) -> None:
    with pytest.raises(Exception, match="our own fault"):
        await page.evaluate(
            """async () => {
                const { ask } = await import('/assets/lib/request.js');
                const { Signaling } = await import('/assets/lib/signaling.js');
                const unreachable = [];
                const events = {
                    onSignedIn() { throw new TypeError('our own fault'); },
                    onMember() {}, onMessage() {}, onRefused() {}, onLost(why) { unreachable.push(why); },
                };
                return new Promise((resolve, reject) => {
                    addEventListener('unhandledrejection', (event) => {
                        event.preventDefault();
                        reject(event.reason);
                    });
                    new Signaling({ name: 'me', events }).start();
                    setTimeout(() => resolve(unreachable), 5000);
                });
            }"""
        )


async def test_a_request_ends_with_its_limit(page: Page) -> None:
    told = await page.evaluate(
        """async () => {
            const { ask, NetworkFailure } = await import('/assets/lib/request.js');
            const real = window.fetch;
            window.fetch = (_, { signal }) => new Promise((__, fail) => {
                signal.addEventListener('abort', () => fail(new DOMException('aborted', 'AbortError')));
            });
            try {
                await ask('x', { limit: 30 });
                return 'answered';
            } catch (error) {
                return error instanceof NetworkFailure;
            } finally {
                window.fetch = real;
            }
        }"""
    )
    assert told is True


async def test_a_browser_of_2021_joins(server: PageServer, open_page: PageFactory) -> None:
    await server.member.sign_in("Algebra")
    page = await open_page("about:blank")
    await page.add_init_script(
        "delete AbortSignal.timeout; delete AbortSignal.any; delete Object.hasOwn; delete Array.prototype.at;"
        "delete String.prototype.at; delete window.structuredClone; delete Array.prototype.findLast;"
    )
    await page.goto(server.origin)
    assert await page.evaluate("AbortSignal.timeout === undefined && [].at === undefined")
    await page.locator("#name").fill("Ada")
    await page.locator("#join-button").click()
    await server.hello()
    await state_is(page, "joining")


async def test_who_waits_in_a_hidden_page_stays_signed_in(server: PageServer, open_page: PageFactory) -> None:
    """Browsers let the timers of a hidden page come once a minute, which looks as if the computer had slept."""
    page, peer, waits = await in_lobby(server, open_page)
    for _ in range(4):
        await page.clock.fast_forward(60_000)
        await page.clock.run_for(600)
        before = len(waits)
        await server.say(peer, IceServersRenewed([]))  # refused if it had signed out
        await eventually(lambda before=before: len(waits) > before)
    await state_is(page, "lobby")
    assert {url.partition("peer_id=")[2].partition("&")[0] for url in waits} == {str(peer)}
    await server.say(peer, Ended())
    await state_is(page, "ended")


@pytest.mark.parametrize(
    ("status", "headline", "hint"),
    [
        (429, "Many students are joining right now", "It is your turn in a moment"),
        (502, "There is no lesson at this address right now", "The server answers"),
        (404, "There is no lesson at this address right now", "The server answers"),
    ],
)
async def test_a_sign_in_that_is_not_taken_is_told_as_what_it_is_and_tried_again(
    server: PageServer, open_page: PageFactory, status: int, headline: str, hint: str
) -> None:
    await server.member.sign_in("Algebra")
    page = await open_page(server.origin)
    opened = asyncio.Event()

    async def refuse(route: Route) -> None:
        if opened.is_set():
            await route.continue_()
        else:
            await route.fulfill(status=status, body="no")

    await page.route("**/sign_in?*", refuse)
    await page.locator("#name").fill("Ada")
    await page.locator("#join-button").click()
    await expect(page.locator("#notice-headline")).to_have_text(headline)
    await expect(page.locator("#notice-hint")).to_contain_text(hint)
    opened.set()
    await server.hello()
    await expect(page.locator("#notice-headline")).not_to_have_text(headline)
