"""The parts of the pages without a DOM, run where they belong: in the browser."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from typing import Any, get_args

import pytest
import pytest_asyncio
from playwright.async_api import Page

from classroom.director import PLAIN, Area, Corner, Scene, Style, place
from tests.support.browser import PageFactory
from tests.support.page_server import page_server

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def page(open_page: PageFactory) -> AsyncIterator[Page]:
    async with page_server() as server:
        yield await open_page(server.origin)


async def watch(page: Page, *samples: dict[str, Any], begin: float = 0) -> list[list[Any]]:
    """What a watchdog wants after each sample; an offer came at the beginning."""
    wanted: list[list[Any]] = await page.evaluate(
        """async ([begin, samples]) => {
            const { Watchdog } = await import('/assets/lib/watchdog.js');
            const dog = new Watchdog(begin);
            const wanted = [];
            for (const sample of samples) {
                if (sample.offer) { dog.newConnection(sample.now); continue; }
                if (sample.signIn) { dog.newSignIn(sample.now); continue; }
                const { want, reason } = dog.observe(sample);
                if (want) wanted.push([sample.now / 1000, want, reason]);
            }
            return wanted;
        }""",
        [begin, list(samples)],
    )
    return wanted


def run(
    begin: int,
    end: int,
    *,
    state: str | None = "connected",
    packets: int = 50,
    frames: int = 15,
    base: int = 0,
    reachable: bool = True,
) -> list[dict[str, Any]]:
    """Samples twice a second from second to second, with so many packets and frames more in each."""
    return [
        {
            "now": begin * 1000 + step * 500,
            "state": state,
            "packets": base + packets * step,
            "videoPackets": base + packets * step,
            "frames": base + frames * step,
            "reachable": reachable,
        }
        for step in range((end - begin) * 2)
    ]


async def test_a_good_connection_wants_nothing(page: Page) -> None:
    assert await watch(page, *run(0, 120)) == []


async def test_packets_without_picture_want_a_key_frame_ever_more_rarely(page: Page) -> None:
    wanted = await watch(page, *run(0, 20, frames=0))
    assert {(want, reason) for _, want, reason in wanted} == {("key-frame", "no-picture")}
    times = [time for time, _, _ in wanted]
    assert times[0] == 1.0
    assert [later - earlier for earlier, later in itertools.pairwise(times)] == [2.0, 4.0, 8.0]


async def test_silence_wants_a_restart_then_a_new_sign_in(page: Page) -> None:
    good = run(0, 10)
    silent = run(10, 40, packets=0, frames=0, base=good[-1]["packets"])
    wanted = await watch(page, *good, *silent)
    assert wanted[0][1:] == ["restart", "silence"]
    assert 14.5 <= wanted[0][0] <= 16
    assert wanted[1][1:] == ["again", "no-answer"]
    assert wanted[1][0] - wanted[0][0] == 5.0


async def test_a_failed_connection_wants_a_restart_at_once(page: Page) -> None:
    wanted = await watch(page, *run(0, 5), *run(5, 7, state="failed", packets=0, frames=0, base=1000))
    assert wanted == [[5.0, "restart", "failed"]]


async def test_a_short_disconnection_is_waited_out(page: Page) -> None:
    short = run(5, 7, state="disconnected", packets=0, frames=0, base=1000)
    assert await watch(page, *run(0, 5), *short, *run(7, 20, base=2000)) == []
    long = run(5, 10, state="disconnected", packets=0, frames=0, base=1000)
    assert (await watch(page, *run(0, 5), *long))[0] == [8.5, "restart", "disconnected"]


async def test_restarts_in_vain_become_rarer(page: Page) -> None:
    """A browser that can never connect must not ask a broadcaster for a new connection every few seconds."""
    samples: list[dict[str, Any]] = []
    for second in range(0, 300):
        samples += run(second, second + 1, state="failed", packets=0, frames=0)
        if second % 2:
            samples.append({"now": second * 1000 + 900, "signIn": True})
    restarts = [time for time, want, _ in await watch(page, *samples) if want == "restart"]
    assert len(restarts) < 20


async def test_nothing_is_wanted_of_nobody(page: Page) -> None:
    """While the server is away nothing is asked, and the patience is not used up."""
    away = run(5, 100, state="failed", packets=0, frames=0, base=1000, reachable=False)
    back = run(100, 101, state="failed", packets=0, frames=0, base=1000)
    assert await watch(page, *run(0, 5), *away, *back) == [[100.0, "restart", "failed"]]


async def test_no_offer_wants_a_restart(page: Page) -> None:
    wanted = await watch(page, *run(0, 20, state=None, packets=0, frames=0))
    assert wanted[0] == [10.5, "restart", "no-offer"]
    assert wanted[1][1] == "again"


async def choices(page: Page, name: str | None, *steps: list[Any]) -> list[Any]:
    """What a BroadcasterChoice answers to steps such as ``["offered", 3]``, each with the id it then has chosen."""
    return await page.evaluate(  # type: ignore[no-any-return]
        """async ([name, steps]) => {
          const { BroadcasterChoice } = await import('/assets/lib/broadcaster.js');
          const choice = new BroadcasterChoice(name);
          return steps.map(([method, given]) => [choice[method](given) ?? null, choice.id]);
        }""",
        [name, steps],
    )


def member(number: int, name: str) -> dict[str, Any]:
    return {"id": number, "name": name, "connected": True}


async def test_pages_of_one_browser_know_when_they_are_many(page: Page) -> None:
    said = await page.evaluate(
        """async () => {
            const { Tabs } = await import('/assets/lib/tabs.js');
            let calls = 0;
            const tabs = Array.from({ length: 5 }, () => new Tabs(() => { calls += 1; }));
            const many = () => tabs.filter((each) => each.many).length;
            const until = async (count) => {
                while (many() !== count) await new Promise((done) => setTimeout(done, 5));
            };
            for (const each of tabs.slice(0, 4)) each.open();
            await new Promise((done) => setTimeout(done, 100));
            const before = [many(), calls];
            tabs[4].open();
            await until(5);
            const then = calls;
            tabs[0].close();
            await until(0);
            for (const each of tabs) each.close();
            return [before, then];
        }"""
    )
    assert said == [[0, 0], 5]


async def test_many_waiting_pages_ask_for_early_answers(page: Page) -> None:
    asked = await page.evaluate(
        """async () => {
            const { Tabs } = await import('/assets/lib/tabs.js');
            const { Signaling } = await import('/assets/lib/signaling.js');
            const real = window.fetch;
            const asked = [];
            window.fetch = async (address, { signal } = {}) => {
                if (address.includes('sign_in')) return new Response('me,7,1\\n', { headers: { Pragma: '7' } });
                if (!address.includes('wait')) return new Response('');
                asked.push(Number(address.split('within=')[1]));
                return new Promise((_, fail) =>
                    signal.addEventListener('abort', () => fail(new DOMException('', 'AbortError'))));
            };
            const nothing = () => {};
            const names = ['onSignedIn', 'onMember', 'onMessage', 'onRefused', 'onLost'];
            const events = Object.fromEntries(names.map((name) => [name, nothing]));
            const signaling = new Signaling({ name: 'me', events });
            signaling.start();
            const until = async (count) => {
                while (asked.length < count) await new Promise((done) => setTimeout(done, 5));
            };
            await until(1);
            const others = Array.from({ length: 4 }, () => new Tabs(nothing));
            for (const each of others) each.open();
            await until(2);
            for (const each of others) each.close();
            await new Promise((done) => setTimeout(done, 50));
            signaling.renew();
            await until(3);
            signaling.stop();
            window.fetch = real;
            return asked;
        }"""
    )
    assert asked == [25, 1, 25]


async def test_a_lost_server_is_the_teachers_at_first_and_then_perhaps_the_network(page: Page) -> None:
    said = await page.evaluate(
        """async () => {
            const { ReceptionState } = await import('/assets/lib/reception_state.js');
            const told = (signedIn) => {
                const reception = new ReceptionState();
                const look = (now, up) => [reception.observe({ now, signedIn: up }), reception.contactJustLost];
                if (signedIn) look(0, true);
                for (let failures = 1; failures < 4; failures += 1) reception.lost('Failed to fetch', failures);
                return [look(1000, false), look(60999, false), look(61000, false)];
            };
            return [told(true), told(false)];
        }"""
    )
    assert said[0] == [["unreachable", True], ["unreachable", True], ["unreachable", False]]
    assert said[1] == [["unreachable", False]] * 3


async def test_the_only_other_member_is_the_broadcaster(page: Page) -> None:
    assert await choices(
        page, None, ["signedIn", [member(4, "x")]], ["joined", member(5, "y")], ["offered", 4], ["offered", 5]
    ) == [[None, 4], [False, 4], [True, 4], [False, 4]]


async def test_among_many_the_broadcaster_is_known_by_its_name(page: Page) -> None:
    ada, lesson = member(3, "Ada"), member(4, "Algebra")
    assert await choices(
        page, "Algebra", ["signedIn", [ada, lesson]], ["offered", 3], ["offered", 4],
        # It signed in anew while its former membership still stands.
        ["joined", member(9, "Algebra")], ["offered", 9], ["left", lesson], ["offered", 4],
        ["left", member(9, "Algebra")],
    ) == [[None, 4], [False, 4], [True, 4], [True, 9], [True, 9], [False, 9], [False, 9], [True, None]]  # fmt: skip


async def test_without_its_name_the_first_who_offers_is_the_broadcaster(page: Page) -> None:
    assert await choices(
        page,
        "Algebra",
        ["signedIn", [member(3, "Ada")]],
        ["offered", 3],
        ["offered", 5],
        ["joined", member(6, "Algebra")],
    ) == [[None, None], [True, 3], [False, 3], [True, 6]]


async def test_member_lines_are_read(page: Page) -> None:
    read = await page.evaluate(
        """async (text) => (await import('/assets/lib/members.js')).parseMembers(text)""",
        "a%2Cb,12,1\nuser@host,3,0\n100%,4,1\nnonsense\n,7,1\r\n",
    )
    assert read == [
        {"id": 12, "name": "a,b", "connected": True},
        {"id": 3, "name": "user@host", "connected": False},
        {"id": 4, "name": "100%", "connected": True},
        {"id": 7, "name": "", "connected": True},
    ]


@pytest.mark.parametrize(
    ("sdp", "stereo"),
    [
        ("a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10\r\n", "a=fmtp:111 minptime=10;stereo=1\r\n"),
        ("a=rtpmap:96 opus/48000/2\r\n", "a=rtpmap:96 opus/48000/2\r\na=fmtp:96 stereo=1\r\n"),
        ("a=rtpmap:96 opus/48000/2\r\na=fmtp:96 stereo=0\r\n", "a=fmtp:96 stereo=0\r\n"),
        ("a=rtpmap:0 PCMU/8000\r\n", "a=rtpmap:0 PCMU/8000\r\n"),
    ],
)
async def test_stereo_is_asked_for(page: Page, sdp: str, stereo: str) -> None:
    changed = await page.evaluate("async (sdp) => (await import('/assets/lib/sdp.js')).withStereo(sdp)", sdp)
    assert stereo in changed
    assert changed.count("stereo") <= 1


async def test_statistics_are_differences(page: Page) -> None:
    first = {"id": "v", "type": "inbound-rtp", "kind": "video", "codecId": "c", "frameWidth": 640, "frameHeight": 360}
    first |= {"bytesReceived": 1000, "packetsReceived": 100, "packetsLost": 10, "framesDecoded": 30, "jitter": 0.004}
    second = first | {"bytesReceived": 126_000, "packetsReceived": 190, "packetsLost": 20, "framesDecoded": 60}
    before, after = await page.evaluate(
        """async ([first, second]) => {
            const { digest } = await import('/assets/lib/statistics.js');
            const codec = { id: 'c', type: 'codec', mimeType: 'video/H264' };
            const before = digest([first, codec], null, 0);
            return [before, digest([second, codec], before, 1000)];
        }""",
        [first, second],
    )
    assert before["fps"] is None
    assert before["loss"] is None
    assert after["fps"] == 30
    assert after["videoKbits"] == 1000
    assert after["loss"] == pytest.approx(0.1)
    assert after["jitter"] == pytest.approx(4)
    assert after["videoCodec"] == "H264"


async def test_pauses_grow_to_their_bound_and_start_anew(page: Page) -> None:
    pauses = await page.evaluate(
        """async () => {
            const { Backoff } = await import('/assets/lib/backoff.js');
            const backoff = new Backoff({ random: () => 0.5 });
            const grown = Array.from({ length: 6 }, () => backoff.next());
            backoff.reset();
            return [...grown, backoff.next()];
        }"""
    )
    assert pauses == [500, 1000, 2000, 4000, 5000, 5000, 500]


async def test_whoever_goes_signs_out_also_where_its_wait_broke_off_before(page: Page) -> None:
    """Firefox breaks off what a page fetches, and says only then that the page is closed."""
    asked = await page.evaluate(
        """async () => {
            const { Signaling } = await import('/assets/lib/signaling.js');
            const asked = [];
            const real = window.fetch;
            window.fetch = async (address) => {
                asked.push(address);
                if (address.startsWith('wait')) throw new TypeError('broken off');
                return new Response('me,7,1\\n', { headers: { Pragma: '7' } });
            };
            const lost = new Promise((onLost) => {
                const events = { onSignedIn() {}, onMember() {}, onMessage() {}, onRefused() {}, onLost };
                const signaling = new Signaling({ name: 'me', events });
                signaling.start();
                addEventListener('lost', () => { signaling.signOut(); signaling.signOut(); signaling.stop(); });
            });
            await lost;
            dispatchEvent(new Event('lost'));
            window.fetch = real;
            return asked;
        }"""
    )
    assert asked[0] == "sign_in?me"
    assert all(each.startswith("wait?peer_id=7&") for each in asked[1:-1])
    assert asked[-1] == "sign_out?peer_id=7"


LAID_OUT = {
    "full": Scene("full", "full", ("screen",)),
    "side by side": Scene("side by side", "side-by-side", ("screen", "camera")),
    **{corner: Scene(corner, "picture-in-picture", ("screen", "camera"), corner, 0.25) for corner in get_args(Corner)},
    **{f"grid of {count}": Scene("grid", "grid", tuple("abcdefghijklmnop"[:count])) for count in (1, 2, 3, 5, 7, 16)},
    "custom": Scene(
        "custom",
        "custom",
        ("screen", "camera", "bench"),
        styles=(Style(Area(0, 0.1, 0.7, 0.7)), Style(Area(0.6, 0.55, 0.4, 0.45)), PLAIN),
    ),
}


@pytest.mark.parametrize("scene", LAID_OUT.values(), ids=LAID_OUT)
async def test_scenes_are_drawn_as_the_program_is_mixed(page: Page, scene: Scene) -> None:
    """The small pictures of the scenes use the same geometry as the mixer."""
    drawn = await page.evaluate(
        "async (scene) => (await import('/assets/teacher/features/thumbnails.js')).placesOf(scene)", scene.describe()
    )
    mixed = place(scene, 1280, 720)
    assert [each["source"] for each in drawn] == [each.source for each in mixed]
    for small, large in zip(drawn, (each.rectangle for each in mixed), strict=True):
        expected = [large.x / 1280, large.y / 720, large.width / 1280, large.height / 720]
        assert small["picture"] == pytest.approx(expected, abs=0.005)
