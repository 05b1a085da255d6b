"""A student whose network lets nothing through but a relay: Chromium, coturn and a lesson, all of them real."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiortc import RTCPeerConnection
from playwright.async_api import Page, expect

from classroom.broadcaster import Broadcaster
from classroom.webrtc.ice.credentials import temporary
from classroom.webrtc.messages import IceServersRenewed, Welcome
from tests.support.broadcast import broadcasting, complaints, eventually
from tests.support.browser import PHONE, PageFactory, state_is, until_true
from tests.support.page_server import page_server
from tests.support.turn import SECRET, TurnServer, turn_server

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

LESSON = """
lesson: {title: "Over a relay"}
sources: {bars: {kind: pattern, size: 320x240, fps: 15}}
audio: {tone: {kind: tone, gain: -12}}
scenes: {bars: bars}
program: {size: 320x240, fps: 15}
recording: {start: never}
"""

KEEP_CONNECTIONS = """
window.connections = [];
window.configurations = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...given) { super(...given); window.connections.push(this); }
  setConfiguration(given) { super.setConfiguration(given); window.configurations.push(given); }
};
"""

LOCAL_CANDIDATE = """async () => {
    const report = await connections.at(-1).getStats();
    const transport = [...report.values()].find(({ type }) => type === 'transport');
    const pair = report.get(transport.selectedCandidatePairId);
    const { candidateType, url } = report.get(pair.localCandidateId);
    return { candidateType, url };
}"""


def with_secret(turn: TurnServer, secret: str = SECRET, lifetime: int = 3600) -> str:
    return f"ice: {{turn: {{urls: '{turn.url}', secret: '{secret}', lifetime: {lifetime}}}}}\n"


def at(lesson: Broadcaster) -> str:
    return f"http://127.0.0.1:{lesson.port}"


async def join(open_page: PageFactory, origin: str, fragment: str = "") -> Page:
    page = await open_page("about:blank")
    await page.add_init_script(KEEP_CONNECTIONS)
    await page.goto(f"{origin}/{fragment}")
    await page.locator("#name").fill("Ada")
    await page.locator("#join-button").click()
    return page


@contextlib.asynccontextmanager
async def offering() -> AsyncIterator[str]:
    """The message with an offer that a browser takes."""
    connection = RTCPeerConnection()
    connection.addTransceiver("video", direction="sendonly")
    try:
        await connection.setLocalDescription(await connection.createOffer())
        yield json.dumps({"type": "offer", "sdp": connection.localDescription.sdp})
    finally:
        await connection.close()


async def test_a_student_behind_a_relay_watches(tmp_path: Path, open_page: PageFactory) -> None:
    async with turn_server(tmp_path) as turn, broadcasting(LESSON + with_secret(turn)) as lesson:
        page = await join(open_page, at(lesson), "#relay")
        await state_is(page, "live")
        candidate = await page.evaluate(LOCAL_CANDIDATE)
        assert candidate["candidateType"] == "relay"
        assert turn.address in candidate["url"]
        [server] = await page.evaluate("connections.at(-1).getConfiguration().iceServers")
        assert server["username"].endswith(":student-1")  # nobody's name
        assert SECRET not in json.dumps(server)
        assert not complaints(lesson)


async def test_pages_get_new_passwords_before_theirs_expire(
    tmp_path: Path, open_page: PageFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classroom.webrtc.ice.servers._REFRESH_AT", 2 / 60)
    async with turn_server(tmp_path) as turn, broadcasting(LESSON + with_secret(turn, lifetime=60)) as lesson:
        page = await join(open_page, at(lesson), "#relay=only")
        await state_is(page, "live")
        first = await page.evaluate("connections.at(-1).getConfiguration().iceServers[0].username")
        before = await page.evaluate("configurations.length")
        await until_true(page, f"configurations.length > {before + 1}", within=30)
        new = await page.evaluate("connections.at(-1).getConfiguration().iceServers[0].username")
        assert int(new.partition(":")[0]) > int(first.partition(":")[0])
        assert await page.evaluate("connections.length") == 1
        await state_is(page, "live")


async def test_an_expired_password_is_told_to_teacher_and_student(tmp_path: Path, open_page: PageFactory) -> None:
    async with turn_server(tmp_path) as turn:
        stale = temporary(SECRET, label="week-3", now=time.time() - 7200, lifetime=3600)
        server = f"{{urls: '{turn.url}', username: '{stale.username}', credential: '{stale.password}'}}"
        ice = f"ice: {{servers: [{server}]}}\n"
        async with broadcasting(LESSON + ice) as lesson:
            page = await join(open_page, at(lesson), "#relay")
            await expect(page.locator("#notice-hint")).to_contain_text("The relay server refused the connection.")
            codes = {"ice.no_relay", "ice.student_no_relay"}
            await eventually(lambda: complaints(lesson) == codes)
            sentences = {alarm.code: alarm.sentence for alarm in lesson._alarms.raised()}
            assert "the user name in ice.servers expired on " in sentences["ice.no_relay"]
            assert "fails for 1 student: it refuses the password (error 401)" in sentences["ice.student_no_relay"]
            await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
            await page.get_by_role("button", name="中文").click()
            await expect(page.locator("#notice-hint")).to_contain_text("中继服务器拒绝了连接")
            await expect(page.locator("#notice-hint")).to_be_in_viewport(ratio=1)
            await page.close()
            await eventually(lambda: complaints(lesson) == {"ice.no_relay"})


async def test_an_offer_waits_for_the_servers_to_use(open_page: PageFactory) -> None:
    """The welcome comes after the offer, because a broadcaster offers as soon as somebody is there."""
    servers = [{"urls": ["stun:127.0.0.1:9"]}]
    async with page_server() as server, offering() as offer:
        await server.member.sign_in("Algebra")
        page = await join(open_page, server.origin)
        peer, _ = await server.page_message("hello")
        await server.member.send(peer, json.dumps({"type": "offer", "sdp": "an older offer"}))
        await server.member.send(peer, offer)
        odd = {"type": "welcome", "version": 1, "ice_servers": [*servers, {"urls": 7}, None]}
        await server.member.send(peer, json.dumps(odd))  # no broadcaster of ours says this
        await server.page_message("answer")
        assert await page.evaluate("connections.map((each) => each.getConfiguration().iceServers)") == [
            [{"urls": ["stun:127.0.0.1:9"], "username": "", "credential": ""}]
        ]
        # Servers that this browser cannot read are as good as none, and none of them costs the lesson.
        await server.say(peer, IceServersRenewed([{"urls": ["stun:"]}]))
        await server.member.send(peer, offer)
        await server.page_message("answer")


async def test_an_offer_does_not_wait_long_for_a_broadcaster_that_is_not_ours(open_page: PageFactory) -> None:
    async with page_server() as server, offering() as offer:
        await server.member.sign_in("Algebra")
        page = await join(open_page, server.origin)
        peer, _ = await server.page_message("hello")
        await server.member.send(peer, offer)
        await server.page_message("answer")
        assert await page.evaluate("connections[0].getConfiguration().iceServers") == []
        # A welcome that comes late is taken all the same.
        await server.say(peer, Welcome(title="Algebra", language=None, ice_servers=[{"urls": ["stun:127.0.0.1:9"]}]))
        await until_true(page, "connections[0].getConfiguration().iceServers.length === 1")


async def test_a_relay_that_fails_is_no_matter_where_none_is_needed(tmp_path: Path, open_page: PageFactory) -> None:
    async with turn_server(tmp_path) as turn, broadcasting(LESSON + with_secret(turn, "wrong")) as lesson:
        page = await join(open_page, at(lesson))
        await state_is(page, "live")
        assert (await page.evaluate(LOCAL_CANDIDATE))["candidateType"] != "relay"
        await expect(page.locator("#notice")).to_be_hidden()


async def test_relay_only_without_a_relay_says_so(open_page: PageFactory) -> None:
    async with broadcasting(LESSON) as lesson:
        page = await join(open_page, at(lesson), "#relay")
        await expect(page.locator("#notice-hint")).to_contain_text("this lesson does not use one")
        assert not complaints(lesson)
