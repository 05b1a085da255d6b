"""The student page in a real browser, with a broadcaster that says what the test wants it to say."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack
from playwright.async_api import Page, Route, expect

from classroom.webrtc.messages import Ended, Offer, Refused, Waiting, Welcome
from tests.support.browser import PHONE, PageFactory, state_is, until_true
from tests.support.page_server import PageServer, page_server

pytestmark = pytest.mark.asyncio(loop_scope="session")

COUNT_CONNECTIONS = """
window.connections = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...given) { super(...given); window.connections.push(this); }
};
"""

COUNT_LOUDSPEAKERS = """
window.opened = [];
window.AudioContext = class extends AudioContext {
  constructor(...given) { super(...given); window.opened.push(this); }
};
"""


@pytest_asyncio.fixture(loop_scope="session")
async def server() -> AsyncIterator[PageServer]:
    async with page_server() as running:
        yield running


async def join(page: Page, name: str = "Ada 王,<b>") -> None:
    await page.locator("#name").fill(name)
    await page.locator("#join-button").click()


@pytest_asyncio.fixture(loop_scope="session")
async def offerer() -> AsyncIterator[RTCPeerConnection]:
    connection = RTCPeerConnection()
    connection.addTrack(AudioStreamTrack())
    connection.addTrack(VideoStreamTrack())
    await connection.setLocalDescription(await connection.createOffer())
    yield connection
    await connection.close()


def offer(connection: RTCPeerConnection) -> str:
    return json.dumps({"type": "offer", "sdp": connection.localDescription.sdp})


async def test_it_says_hello_first_and_waits_for_the_teacher(server: PageServer, open_page: PageFactory) -> None:
    page = await open_page(server.origin)
    await join(page)
    await state_is(page, "waiting")
    await expect(page.get_by_role("status").first).to_have_text("Waiting for the teacher")
    await page.reload()
    await expect(page.locator("#name")).to_have_value("Ada 王,<b>")
    await server.member.sign_in("Algebra")
    await join(page)
    hello = await server.hello()
    assert re.fullmatch("[0-9a-f]{32}", hello.pop("device"))
    assert hello.pop("can_send") == {"microphone": True, "camera": True}
    assert hello == {"type": "hello", "app": "classroom", "version": 1, "language": "en"}


async def test_the_name_arrives_whole(server: PageServer, open_page: PageFactory) -> None:
    await server.member.sign_in("Algebra")
    page = await open_page(server.origin)
    await join(page, "Ada 王&pass=x,<b>")
    peer = await server.peer()
    assert peer.display_name == "Ada 王&pass=x,<b>"


async def test_an_empty_name_does_not_join(server: PageServer, open_page: PageFactory) -> None:
    page = await open_page(server.origin)
    await join(page, "   ")
    await expect(page.locator("#join")).to_be_visible()
    await expect(page.locator("#name")).to_be_focused()
    assert await page.get_attribute("body", "data-state") == "idle"


async def test_somebody_who_is_faster_than_the_page_joins_all_the_same(
    server: PageServer, open_page: PageFactory
) -> None:
    await server.member.sign_in("Algebra")
    page = await open_page(server.origin)
    texts, asked = asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        asked.set()
        await texts.wait()
        await route.continue_()

    await page.route("**/locales/*.json", late)
    await page.reload()
    await asyncio.wait_for(asked.wait(), 30)
    await page.locator("#name").fill("Ada")
    clicked = asyncio.create_task(page.locator("#join-button").click())
    texts.set()
    await clicked
    assert (await server.peer()).display_name == "Ada"


async def test_welcome_brings_title_and_language(server: PageServer, open_page: PageFactory) -> None:
    await server.member.sign_in("Algebra")
    page = await open_page(server.origin)
    await join(page)
    peer, _ = await server.page_message("hello")
    await server.say(peer, Welcome(title="<i>线性代数</i>", language="zh", ice_servers=[]))
    await expect(page.locator("h1")).to_have_text("<i>线性代数</i>")
    assert await page.title() == "<i>线性代数</i>"
    assert await page.get_attribute("html", "lang") == "zh-Hans"
    await page.get_by_role("button", name="English").click()
    assert await page.get_attribute("html", "lang") == "en"
    await expect(page.locator("h1")).to_have_text("<i>线性代数</i>")


async def test_one_connection_for_each_offer(
    server: PageServer, open_page: PageFactory, offerer: RTCPeerConnection
) -> None:
    await server.member.sign_in("Algebra")
    page = await open_page(server.origin)
    await page.add_init_script(COUNT_CONNECTIONS)
    await page.reload()
    await join(page)
    peer, _ = await server.page_message("hello")
    await server.say(peer, Welcome(title="Algebra", language="en", ice_servers=[]))
    for _ in range(3):  # as fast as they can be sent
        await server.member.send(peer, offer(offerer))
    await until_true(page, "connections.length === 3 && connections[2].currentLocalDescription !== null")
    assert await page.evaluate("connections.map((each) => each.signalingState)") == ["closed", "closed", "stable"]
    await server.member.send(peer, offer(offerer))
    await until_true(page, "connections.length === 4 && connections[2].signalingState === 'closed'")


async def test_it_answers_in_stereo_and_goes_live(
    server: PageServer, open_page: PageFactory, offerer: RTCPeerConnection
) -> None:
    await server.member.sign_in("Algebra")
    page = await open_page(server.origin)
    await join(page)
    peer, _ = await server.page_message("hello")
    await server.member.send(peer, offer(offerer))
    _, answer = await server.page_message("answer")
    assert "stereo=1" in answer["sdp"]
    await offerer.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
    await state_is(page, "live")
    await expect(page.get_by_role("status").first).to_have_text("Live")
    assert await page.evaluate("!document.getElementById('video').muted && !document.getElementById('video').paused")
    _, figures = await server.page_message("statistics")
    assert (figures["shows"]["width"], figures["shows"]["sound"]) == (640, "playing")
    assert figures["latency"] is None  # this server tells no time
    await page.locator("#details > summary").click()
    await expect(page.locator("#figures")).to_contain_text("640 × 480")
    await page.locator("#mute").click()
    assert await page.evaluate("document.getElementById('video').muted")
    # The connection dies without a word: the page says so, keeps the last picture and asks for a new offer.
    await offerer.close()
    await state_is(page, "reconnecting")
    assert await page.evaluate("!document.getElementById('still').hidden")
    await server.page_message("restart", within=60)


async def test_the_way_to_the_loudspeakers_is_open_before_sound_comes_and_let_go_of_when_it_plays(
    server: PageServer, open_page: PageFactory, offerer: RTCPeerConnection
) -> None:
    await server.member.sign_in("Algebra")
    page = await open_page(server.origin)
    await page.add_init_script(COUNT_LOUDSPEAKERS)
    await page.reload()
    await page.locator("#name").fill("Ada")
    assert await page.evaluate("opened.length") == 0  # not without a touch, which browsers would complain of
    await join(page)
    peer, _ = await server.page_message("hello")
    await until_true(page, "opened.length === 1 && opened[0].state === 'running'")
    await server.member.send(peer, offer(offerer))
    _, answer = await server.page_message("answer")
    await offerer.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
    await state_is(page, "live")
    await until_true(page, "opened[0].state === 'closed'")
    assert await page.evaluate("opened.length") == 1


async def test_a_finger_that_is_lifted_opens_the_loudspeakers(server: PageServer, open_page: PageFactory) -> None:
    """Browsers take a finger on the screen for the begin of a scroll, and allow sound once it is lifted."""
    page = await open_page(server.origin, size=PHONE, has_touch=True, is_mobile=True)
    await page.add_init_script(COUNT_LOUDSPEAKERS)
    await page.add_init_script("""
        const resume = AudioContext.prototype.resume;
        window.asked = [];
        AudioContext.prototype.resume = function () {
            asked.push(window.event?.type);
            return window.event?.type === 'pointerdown' ? new Promise(() => {}) : resume.call(this);
        };
    """)
    await page.reload()
    await page.locator("#join-button:not([disabled])").wait_for()
    await page.locator("#name").tap()
    await until_true(page, "opened.length === 1 && opened[0].state === 'running'")
    assert (await page.evaluate("asked"))[:2] == ["pointerdown", "pointerup"]
    before = len(await page.evaluate("asked"))
    await page.locator("h1").tap()
    assert len(await page.evaluate("asked")) == before


async def test_the_wake_lock_is_asked_for_one_at_a_time(server: PageServer, open_page: PageFactory) -> None:
    page = await open_page(server.origin)
    held = await page.evaluate(
        """async () => {
            const { WakeLock } = await import('/assets/student/features/wake_lock.js');
            const locks = [];
            const request = async () => {
                await new Promise((done) => setTimeout(done, 5));
                const lock = { released: false, release: async () => { lock.released = true; } };
                locks.push(lock);
                return lock;
            };
            Object.defineProperty(navigator, 'wakeLock', { value: { request } });
            const lock = new WakeLock();
            lock.wanted = true;
            lock.wanted = true;
            await new Promise((done) => setTimeout(done, 50));
            const counts = [locks.filter(({ released }) => !released).length];
            for (const wanted of [false, true, false]) lock.wanted = wanted;
            await new Promise((done) => setTimeout(done, 50));
            return [...counts, locks.filter(({ released }) => !released).length];
        }"""
    )
    assert held == [1, 0]


async def test_who_wants_no_sound_opens_no_loudspeakers(server: PageServer, open_page: PageFactory) -> None:
    page = await open_page(server.origin)
    await page.evaluate("localStorage.setItem('classroom.muted', 'true')")
    await page.add_init_script(COUNT_LOUDSPEAKERS)
    await page.reload()
    await join(page)
    await state_is(page, "waiting")
    assert await page.evaluate("opened.length") == 0


async def test_others_than_the_broadcaster_are_ignored(server: PageServer, open_page: PageFactory) -> None:
    """Where everybody sees everybody, a stranger cannot end the lesson or take the broadcaster's place."""
    module = """async () => {
        const { BroadcasterChoice } = await import('/assets/lib/broadcaster.js');
        const choice = new BroadcasterChoice();
        choice.signedIn([{ id: 5, name: 'a', connected: true }, { id: 6, name: 'b', connected: true }]);
        const before = choice.id;
        return [before, choice.offered(6), choice.offered(5), choice.id, choice.left({ id: 5 }), choice.left({ id: 6 }),
            choice.id, choice.offered(5)];
    }"""
    page = await open_page(server.origin)
    assert await page.evaluate(module) == [None, True, False, 6, False, True, None, True]


@pytest.mark.parametrize("body", ["BYE", "", "[1]", '{"type":"news"}', '{"candidate":7}', "<script>"])
async def test_nonsense_harms_nothing(server: PageServer, open_page: PageFactory, body: str) -> None:
    await server.member.sign_in("Algebra")
    page = await open_page(server.origin)
    await join(page)
    peer, _ = await server.page_message("hello")
    await server.member.send(peer, body)
    await server.say(peer, Offer("nonsense"))
    await server.say(peer, Welcome(title="Still here", language="en", ice_servers=[]))
    await expect(page.locator("h1")).to_have_text("Still here")


async def test_the_end_stays_the_end_until_asked(server: PageServer, open_page: PageFactory) -> None:
    await server.member.sign_in("Algebra")
    page = await open_page(server.origin)
    await join(page)
    peer, _ = await server.page_message("hello")
    await server.say(peer, Ended())
    await state_is(page, "ended")
    assert (await server.left()).id == peer  # it signed out
    await page.get_by_role("button", name="Join again").click()
    again, _ = await server.page_message("hello")
    assert again != peer
    await state_is(page, "joining")


async def test_refusal_is_told_in_words(server: PageServer, open_page: PageFactory) -> None:
    await server.member.sign_in("Algebra")
    page = await open_page(server.origin)
    await join(page)
    peer, _ = await server.page_message("hello")
    await server.say(peer, Refused("full"))
    await state_is(page, "refused")
    await expect(page.locator("#notice-headline")).to_have_text("The class is full")


async def test_closing_the_page_signs_out(server: PageServer, open_page: PageFactory) -> None:
    await server.member.sign_in("Algebra")
    page = await open_page(server.origin)
    await join(page)
    peer, _ = await server.page_message("hello")
    await page.goto("about:blank")
    assert (await server.left()).id == peer


async def test_it_signs_in_again_when_the_server_forgot_it(server: PageServer, open_page: PageFactory) -> None:
    await server.member.sign_in("Algebra")
    page = await open_page(server.origin)
    await join(page)
    peer, _ = await server.page_message("hello")
    await server.member.remove(peer)
    again, _ = await server.page_message("hello")
    assert again != peer


async def test_an_unreachable_server_is_named_and_tried_again(server: PageServer, open_page: PageFactory) -> None:
    await server.member.sign_in("Algebra")
    page = await open_page(server.origin)
    await expect(page.locator("#join-button")).to_be_enabled()  # all of the page has come
    await page.context.set_offline(True)
    await join(page)
    await state_is(page, "unreachable")
    await expect(page.get_by_role("status").first).to_have_text("The teacher's computer cannot be reached")
    await page.context.set_offline(False)
    await server.page_message("hello")
    await state_is(page, "joining")


@pytest.mark.long
async def test_seven_tabs_of_one_browser_are_all_in_the_lesson_and_can_say_so(
    server: PageServer, open_page: PageFactory
) -> None:
    """A browser has six connections for all of them, and each tab waits for news on one."""
    await server.member.sign_in("Algebra")
    first = await open_page(server.origin)
    tabs = [first, *[await first.context.new_page() for _ in range(6)]]
    peers: dict[int, Page] = {}
    for number, tab in enumerate(tabs):
        await tab.goto(server.origin, timeout=15_000)
        await join(tab, f"Student {number}")
        peer, _ = await server.page_message("hello")
        peers[peer] = tab
        # Students who wait to be admitted ask for no offer.
        await server.say(peer, Waiting(title="Algebra", language="en", ticket=str(number)))
    await tabs[-1].close()
    for peer, tab in list(peers.items())[:-1]:
        await server.say(peer, Ended())
        await state_is(tab, "ended")


async def test_plain_http_from_another_machine_is_enough(server: PageServer, open_page: PageFactory) -> None:
    """There browsers hide the clipboard, the wake lock and more."""
    page = await open_page(server.origin.replace("127.0.0.1", "198.51.100.7"))
    assert await page.evaluate("!isSecureContext && !navigator.mediaDevices && !crypto.randomUUID")
    await join(page)
    await state_is(page, "waiting")
    await page.locator("#details > summary").click()
    await page.locator("#copy").click()
    await expect(page.locator("#copied")).to_have_text("Copied.")


@pytest.mark.parametrize("state", ["idle", "waiting"])
async def test_nothing_overflows_on_a_phone(server: PageServer, open_page: PageFactory, state: str) -> None:
    page = await open_page(server.origin, size=PHONE)
    if state == "waiting":
        await join(page)
        await state_is(page, "waiting")
        await page.locator("#details > summary").click()
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    small = await page.evaluate(
        """[...document.querySelectorAll('button, summary, input')].filter((each) => each.checkVisibility())
        .filter((each) => each.getBoundingClientRect().height < 44).map((each) => each.outerHTML)"""
    )
    assert small == []


async def test_keyboard_alone_is_enough(server: PageServer, open_page: PageFactory) -> None:
    page = await open_page(server.origin)
    await page.locator("#name").focus()
    await page.keyboard.type("Ada")
    await page.keyboard.press("Enter")
    await state_is(page, "waiting")
    await page.locator("#mute").focus()
    await page.keyboard.press("Space")
    await expect(page.locator("#mute")).to_have_attribute("aria-pressed", "true")
    assert await page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


async def test_blocked_sound_is_offered(server: PageServer, open_page: PageFactory, offerer: RTCPeerConnection) -> None:
    """A browser that forbids sound before a tap: the picture plays muted, and one button turns the sound on."""
    await server.member.sign_in("Algebra")
    page = await open_page(server.origin)
    await page.add_init_script("""
        const play = HTMLMediaElement.prototype.play;
        let tapped = false;
        addEventListener('click', (event) => { tapped ||= event.target.closest('#sound-on') !== null; }, true);
        HTMLMediaElement.prototype.play = function () {
            if (!this.muted && !tapped) return Promise.reject(new DOMException('no gesture', 'NotAllowedError'));
            return play.call(this);
        };
    """)
    await page.reload()
    await join(page)
    peer, _ = await server.page_message("hello")
    await server.member.send(peer, offer(offerer))
    _, answer = await server.page_message("answer")
    await offerer.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
    await state_is(page, "live")
    assert await page.evaluate("document.getElementById('video').muted")
    await page.get_by_role("button", name="Turn on sound").click()
    await until_true(page, "!document.getElementById('video').muted && !document.getElementById('video').paused")
    await expect(page.locator("#sound-on")).not_to_be_visible()
