"""The teacher page in a real browser: it draws the state it is told and asks for exactly what was pressed."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from classroom.common.alarms import Alarm, RestartSource
from classroom.common.sentences import Wording, reason_of
from classroom.features.alarms import describe
from classroom.features.silent_opening import OPENING
from classroom.features.sound import InputEntry
from classroom.features.sources import SourceEntry
from classroom.lesson import lesson_from_text
from classroom.students.roster import StudentEntry
from classroom.webrtc.messages import Ended, Offer
from tests.support.browser import DESKTOP, PHONE, PageFactory, until_true
from tests.support.page_server import TOKEN, PageServer, jpeg, page_server, slides
from tests.support.port import until

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def server() -> AsyncIterator[PageServer]:
    async with page_server() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def board(server: PageServer, open_page: PageFactory) -> Page:
    page = await open_page(server.teach)
    await page.locator("[data-scene-button=talk]").wait_for()
    return page


async def test_token_leaves_the_address(server: PageServer, board: Page) -> None:
    assert board.url == f"{server.origin}/teach"
    assert server.asked("hello") == [{"token": TOKEN}]
    await board.reload()
    await board.locator("[data-scene-button=talk]").wait_for()
    assert server.asked("hello") == [{"token": TOKEN}] * 2
    assert server.asked("watch")[-1] == {"meters": True, "thumbnails": True}


async def test_a_wrong_token_is_asked_for_again(server: PageServer, open_page: PageFactory) -> None:
    page = await open_page(f"{server.origin}/teach")
    await page.get_by_label("Token").fill("wrong")
    await page.get_by_role("button", name="Continue").click()
    await expect(page.get_by_role("alert")).to_contain_text("Wrong token")
    await page.get_by_label("Token").fill(TOKEN)
    await page.keyboard.press("Enter")
    await page.locator("[data-scene-button=talk]").wait_for()
    assert server.asked("hello") == [{"token": "wrong"}, {"token": TOKEN}]


async def test_a_wrong_token_that_is_answered_slowly_is_told_as_one(server: PageServer, open_page: PageFactory) -> None:
    server.wrong_token_after = 9.0
    page = await open_page(f"{server.origin}/teach")
    await page.get_by_label("Token").fill("wrong")
    await page.get_by_role("button", name="Continue").click()
    await expect(page.get_by_role("alert")).to_contain_text("Wrong token", timeout=30_000)
    assert server.asked("hello") == [{"token": "wrong"}]


async def test_a_teacher_who_is_refused_for_now_sees_why_and_the_page_retries(
    server: PageServer, open_page: PageFactory
) -> None:
    why = "Too many devices use this link. Close the others, or ask for a new link."
    server.errors["hello"] = {"code": -32003, "message": why, "data": {"why": why}}
    guest = await open_page(f"{server.origin}/send#source=phone&key=k")
    await expect(guest.get_by_role("status")).to_contain_text("Too many devices use this link", timeout=30_000)
    teacher = await open_page(f"{server.origin}/teach#token={TOKEN}")
    await expect(teacher.get_by_role("status")).to_contain_text("does not accept more teachers", timeout=30_000)
    del server.errors["hello"]
    await teacher.locator("[data-scene-button=talk]").wait_for(timeout=60_000)


async def test_scene_button_switches_and_the_state_marks_it(server: PageServer, board: Page) -> None:
    desk, both = (board.locator(f"[data-scene-button={name}]") for name in ("desk", "both"))
    await expect(desk).to_have_attribute("aria-pressed", "true")
    await expect(desk).to_contain_text("On air")
    await both.click()
    await expect(both).to_have_attribute("aria-pressed", "true")
    await expect(both).to_contain_text("On air")
    await expect(desk).to_have_attribute("aria-pressed", "false")
    await expect(desk).not_to_contain_text("On air")
    assert server.asked("program.switch") == [{"scene": "both"}]


async def test_number_keys_switch_scenes(server: PageServer, board: Page) -> None:
    await board.keyboard.press("3")
    await expect(board.locator("[data-scene-button=both]")).to_have_attribute("aria-pressed", "true")
    await board.keyboard.press("9")  # there are six scenes
    await board.keyboard.press("Control+2")
    await board.locator("#end").click()
    await board.keyboard.press("1")  # a dialog is open
    await board.keyboard.press("Escape")
    await board.locator("#keys").uncheck()
    await board.keyboard.press("2")
    await board.locator("#keys").check()
    await board.keyboard.press("1")
    await expect(board.locator("[data-scene-button=talk]")).to_have_attribute("aria-pressed", "true")
    assert server.asked("program.switch") == [{"scene": "both"}, {"scene": "talk"}]


async def test_number_keys_are_text_in_a_text_field(server: PageServer, board: Page) -> None:
    await board.evaluate(
        "() => { const field = document.createElement('input'); field.id = 'typed'; document.body.append(field) }"
    )
    await board.locator("#typed").press_sequentially("123")
    await expect(board.locator("#typed")).to_have_value("123")
    await board.locator("#typed").blur()
    await board.keyboard.press("1")
    await expect(board.locator("[data-scene-button=talk]")).to_have_attribute("aria-pressed", "true")
    assert server.asked("program.switch") == [{"scene": "talk"}]


async def test_the_page_never_guesses(server: PageServer, board: Page) -> None:
    """A refused switch changes nothing that is shown, and the reason is told."""
    server.errors["program.switch"] = {
        "code": -32003,
        "message": "not now",
        "data": {"why": "A transition is in progress."},
    }
    await board.locator("[data-scene-button=both]").click()
    await expect(board.locator("#sentence")).to_contain_text("A transition is in progress.")
    await expect(board.locator("[data-scene-button=both]")).to_have_attribute("aria-pressed", "false")
    await expect(board.locator("[data-scene-button=desk]")).to_have_attribute("aria-pressed", "true")
    server.errors["program.switch"] = {"code": -32002, "message": "no scene 'x'", "data": {"known": ["talk", "desk"]}}
    await board.locator("[data-scene-button=both]").click()
    await expect(board.locator("#sentence")).to_contain_text("talk, desk")


async def test_fader_sends_gain_and_shows_the_state(server: PageServer, board: Page) -> None:
    fader = board.locator("input[data-fader=mic]")
    await expect(fader).to_have_value("-6")
    await fader.focus()
    await board.keyboard.press("ArrowUp")
    await until(lambda: {"input": "mic", "gain": -5.5} in server.asked("audio.set"))
    await expect(board.locator("[data-strip=mic] .gain")).to_have_text("−5.5 dB")
    await server.change(audio={**server.state["audio"], "mic": {**server.state["audio"]["mic"], "gain": -20.0}})
    await expect(fader).to_have_value("-20")
    await expect(fader).to_have_attribute("aria-valuetext", "−20.0 dB")


async def test_dragging_a_fader_ends_where_the_finger_ends(server: PageServer, board: Page) -> None:
    fader = board.locator("input[data-fader=mic]")
    box = await fader.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    await board.mouse.move(box["x"] + box["width"] * 0.7, middle)
    await board.mouse.down()
    for share in range(70, 30, -1):
        await board.mouse.move(box["x"] + box["width"] * share / 100, middle)
    await board.mouse.up()
    shown = float(await fader.input_value())
    await until(lambda: bool(server.asked("audio.set")) and server.asked("audio.set")[-1]["gain"] == shown)
    assert shown < -25
    await until(lambda: server.state["audio"]["mic"]["gain"] == shown)
    await expect(fader).to_have_value(f"{shown:g}")


async def test_a_refused_gain_returns_to_the_state(server: PageServer, board: Page) -> None:
    server.errors["audio.set"] = {"code": -32003, "message": "no", "data": {"why": "The mixer has stopped."}}
    fader = board.locator("input[data-fader=mic]")
    await fader.focus()
    await board.keyboard.press("ArrowUp")
    await expect(board.locator("#sentence")).to_contain_text("The mixer has stopped.")
    await expect(fader).to_have_value("-6")


async def test_how_an_input_is_heard_is_shown_and_changed(server: PageServer, board: Page) -> None:
    mic, music = board.locator("[data-strip=mic] .heard"), board.locator("[data-strip=music] .heard")
    await expect(mic.locator(".facts")).to_have_text("Delay 40 ms")
    await expect(music.locator(".facts")).to_have_text(
        "Delay 0 ms · 12 dB lower while somebody speaks · heard while intro is on air"
    )
    await music.locator("summary").focus()
    await board.keyboard.press("Enter")
    await board.keyboard.press("Tab")
    delay = board.get_by_label("Delay of music in milliseconds")
    await expect(delay).to_be_focused()
    await board.keyboard.press("ArrowUp")
    await expect(music.locator(".facts")).to_contain_text("Delay 10 ms")
    await delay.fill("135")
    assert server.asked("audio.set") == [{"input": "music", "delay": 10}]
    await board.keyboard.press("Tab")
    await expect(music.locator(".facts")).to_contain_text("Delay 135 ms")
    await board.get_by_label("How much lower music is").fill("99")
    await board.keyboard.press("Enter")
    await expect(music.locator(".facts")).to_contain_text("60 dB lower")
    await expect(board.get_by_label("How much lower music is")).to_have_value("60")
    await board.get_by_label("When music is heard").select_option("Always")
    await expect(music.locator(".facts")).to_contain_text("always heard")
    assert server.asked("audio.set")[1:] == [
        {"input": "music", "delay": 135},
        {"input": "music", "duck": 60},
        {"input": "music", "heard": "always"},
    ]


async def test_a_field_shows_the_state_unless_somebody_writes_in_it(server: PageServer, board: Page) -> None:
    await board.locator("[data-strip=music] .heard summary").click()
    delay = board.get_by_label("Delay of music in milliseconds")
    heard = board.get_by_label("When music is heard")
    await expect(delay).to_have_value("0")
    await delay.press_sequentially("25")
    music = server.state["audio"]["music"]
    await server.change(audio={**server.state["audio"], "music": {**music, "delay": 300.0, "heard": "always"}})
    await expect(heard).to_have_value("always")
    await expect(delay).to_have_value("025")
    server.errors["audio.set"] = {"code": -32003, "message": "no", "data": {"why": "The mixer has stopped."}}
    await board.keyboard.press("Enter")
    await expect(board.locator("#sentence")).to_contain_text("The mixer has stopped.")
    await expect(delay).to_have_value("300")
    await delay.fill("")
    await delay.blur()
    await expect(delay).to_have_value("300")
    await heard.select_option("on-air")
    await expect(heard).to_have_value("always")
    assert [request.get("delay") for request in server.asked("audio.set")] == [25, None]


async def test_a_microphone_has_only_a_delay(board: Page) -> None:
    await board.locator("[data-strip=mic] .heard summary").click()
    await expect(board.locator("[data-strip=mic] .heard-fields .choice")).to_have_count(1)
    await expect(board.get_by_label("Delay of mic in milliseconds")).to_have_value("40")


async def test_mute_and_restart(server: PageServer, board: Page) -> None:
    mute = board.locator("[data-mute=mic]")
    await mute.click()
    await expect(mute).to_have_attribute("aria-pressed", "true")
    await expect(board.locator("[data-strip=mic] .muted")).to_have_text("Muted")
    await mute.click()
    await expect(mute).to_have_attribute("aria-pressed", "false")
    assert server.asked("audio.set") == [{"input": "mic", "muted": True}, {"input": "mic", "muted": False}]
    await board.locator("[data-restart=bench]").click()
    await until(lambda: server.asked("source.restart") == [{"source": "bench"}])


async def test_a_microphone_that_waits_says_why_and_can_be_kept_muted(server: PageServer, board: Page) -> None:
    mic, why = server.state["audio"]["mic"], OPENING()
    waiting: InputEntry = {**mic, "muted": True, "why": str(why), "reason": reason_of(why)}
    await server.change(audio={**server.state["audio"], "mic": waiting})
    strip = board.locator("[data-strip=mic]")
    await expect(strip).to_contain_text("The sound opens when you first change the scene, or here.")
    await strip.get_by_role("button", name="Keep mic muted").click()
    await strip.get_by_role("button", name="Mute mic").click()
    await until(
        lambda: server.asked("audio.set") == [{"input": "mic", "muted": True}, {"input": "mic", "muted": False}]
    )


async def test_an_alarm_has_the_button_that_carries_out_its_remedy(server: PageServer, board: Page) -> None:
    why = "The microphone 'Headset' was not found. Plug it in."
    await server.change(alarms=[describe(Alarm("source.failed", why, "mic", RestartSource("mic")))])
    await expect(board.locator("[data-alarm]")).to_contain_text(why)
    await board.locator("[data-mend=mic]").click()
    await until(lambda: server.asked("source.restart") == [{"source": "mic"}])


async def test_what_is_wrong_is_said_in_the_language_of_the_page(server: PageServer, board: Page) -> None:
    busy = Wording("camera.busy", "The camera '{camera}' is used by another program.")(camera="Desk {count}")
    fault = Wording("of.a.newer.broadcaster", "is wrong")()
    place = Wording("lesson.fault", "{file}:{line}:{column}: {fault}")(file="week3.yaml", line=7, column=3, fault=fault)
    more = Wording("lesson.more_faults", "and {number} more")(number=2)
    faulty = Wording("lesson.faults", "The saved lesson file has faults. {faults}")(faults=[place, more])
    unknown = Wording("of.a.newer.broadcaster", "Something new.")()
    alarms = [Alarm("source.failed", busy, "bench"), Alarm("lesson.file", faulty), Alarm("program.stuck", unknown)]
    bench: SourceEntry = {**server.state["sources"]["bench"], "why": busy, "reason": reason_of(busy)}
    await server.change(
        alarms=[describe(alarm) for alarm in alarms], sources={**server.state["sources"], "bench": bench}
    )
    await expect(board.locator("[data-alarm='source.failed']")).to_contain_text(busy)
    await expect(board.locator("[data-source=bench] .why")).to_have_text(busy)
    await board.get_by_role("button", name="中文").click()
    chinese = "摄像头“Desk {count}”正被其他程序使用。请关闭那个程序，然后重新启动该信号源。"
    await expect(board.locator("[data-alarm='source.failed']")).to_contain_text(chinese)
    await expect(board.locator("[data-source=bench] .why")).to_have_text(chinese)
    await expect(board.locator("[data-alarm='lesson.file']")).to_contain_text(
        "保存的课堂配置文件有错误，因此没有任何改变。week3.yaml:7:3: is wrong；另有 2 处"
    )
    await expect(board.locator("[data-alarm='program.stuck']")).to_contain_text("Something new.")


async def test_faults_of_a_lesson_file_are_said_in_chinese_to_the_last_word(server: PageServer, board: Page) -> None:
    report = lesson_from_text("sources: {a: {kind: cam}}\nscenes: {s: b}\nprogram: {fps: 99}\n", "week3.yaml", {})
    faults = [
        Wording("lesson.fault", "{fault}")(file="f", line=1, column=1, fault=each.message) for each in report.faults
    ]
    sentence = Wording("lesson.faults", "{faults}")(faults=faults)
    await board.get_by_role("button", name="中文").click()
    await server.change(alarms=[describe(Alarm("lesson.file", sentence))])
    said = await board.locator("[data-alarm='lesson.file'] .alarm-text").text_content()
    assert said is not None
    words = set(re.findall(r"[a-z-]{3,}", said))
    kinds = {"camera", "screen", "slides", "file", "stream", "browser", "card", "pattern"}
    assert words - kinds == {"cam"}
    assert "没有信号源 'b'；现有 a" in said
    assert "应为 1 到 60 帧/秒，而不是 99" in said


async def test_a_rate_is_told_only_of_pictures_that_move(server: PageServer, board: Page) -> None:
    await server.change(sources={**server.state["sources"], "slides": {**slides(1, 4), "fps": 0.1}})
    await expect(board.locator("[data-source=slides]")).to_contain_text("Slides · 1280 × 720")
    await expect(board.locator("[data-source=slides]")).not_to_contain_text("fps")
    await expect(board.locator("[data-source=camera]")).to_contain_text("30 fps")


async def test_state_is_told_in_words(server: PageServer, board: Page) -> None:
    bench = board.locator("[data-source=bench]")
    await expect(bench).to_contain_text("Lost")
    await expect(bench).to_contain_text("The camera was unplugged.")
    await expect(board.locator("[data-scene-button=experiment]")).to_contain_text("Missing: bench")
    await expect(board.locator("[data-alarm='source.lost']")).to_contain_text("Plug it in again;")
    await expect(board.locator("#student-count")).to_have_text("3 students")
    await expect(board.locator("tr[data-student='2']")).to_contain_text("王小明")
    await expect(board.locator("tr[data-student='2']")).to_contain_text("84 ms")
    live: SourceEntry = {**server.state["sources"]["bench"], "state": "live", "why": None}
    await server.change(sources={**server.state["sources"], "bench": live}, alarms=[], students={})
    await expect(bench).to_contain_text("Live")
    await expect(board.locator("[data-alarm]")).to_have_count(0)
    await expect(board.locator("#student-count")).to_have_text("0 students")


async def test_names_are_text(board: Page) -> None:
    await expect(board.locator("tr[data-student='4'] th")).to_have_text("<img src=x onerror=alert(1)>")
    assert await board.locator("tr img").count() == 0


async def test_the_clock_continues(board: Page) -> None:
    clock = board.locator("#clock")
    first = await clock.text_content()
    assert first is not None
    assert first.startswith("12:3")
    await expect(clock).not_to_have_text(first, timeout=30_000)


async def test_meters_follow_the_levels(server: PageServer, board: Page) -> None:
    share = """() => { const meter = document.querySelector('[data-meter=mic]');
        return meter.children[0].getBoundingClientRect().width / meter.getBoundingClientRect().width }"""
    for level, wanted in ((-30.0, 0.5), (0.0, 1.0), (-100.0, 0.0)):
        server.send_meters({"levels": {"mic": {"peak": level, "rms": level}}})
        await until_true(board, f"(wanted) => Math.abs(({share})() - wanted) < 0.03", wanted, within=1.4)


async def test_a_peak_that_is_too_loud_is_marked(server: PageServer, board: Page) -> None:
    meter = board.locator("[data-meter=mic]")
    server.send_meters({"levels": {"mic": {"peak": -3.0, "rms": -9.0}}})
    server.send_meters({"levels": {"mic": {"peak": -0.2, "rms": -9.0}}})
    await expect(meter).to_have_attribute("data-loud", "")


async def test_scene_pictures_show_the_layout(server: PageServer, board: Page) -> None:
    server.send_thumbnail({"source": "screen", "jpeg": jpeg((0, 0, 255)), "width": 160, "height": 90})
    server.send_thumbnail({"source": "camera", "jpeg": jpeg((255, 0, 0)), "width": 160, "height": 90})
    pixel = """([x, y]) => {
        const canvas = document.querySelector('canvas[data-scene=both]');
        return [...canvas.getContext('2d').getImageData(x * canvas.width, y * canvas.height, 1, 1).data];
    }"""
    await until_true(board, f"(place) => ({pixel})(place)[0] > 200", [0.87, 0.85])
    red, _, blue, _ = await board.evaluate(pixel, [0.3, 0.3])
    assert blue > 200
    assert red < 60


async def test_it_comes_back_after_the_connection_broke(server: PageServer, board: Page) -> None:
    lost = board.locator("#lost")
    await expect(lost).to_have_count(0)
    server.state["program"] = {**server.state["program"], "scene": "away"}
    server.revision = 0  # a broadcaster that was started anew counts from the beginning
    await server.hang_up()
    await lost.wait_for()
    await expect(board.locator("[data-scene-button=away]")).to_have_attribute("aria-pressed", "true")
    await expect(lost).to_have_count(0)
    await board.locator("[data-scene-button=talk]").click()
    await expect(board.locator("[data-scene-button=talk]")).to_have_attribute("aria-pressed", "true")
    assert server.asked("watch")[-1] == {"meters": True, "thumbnails": True}


async def test_a_command_without_connection_is_not_kept(server: PageServer, board: Page) -> None:
    await board.context.set_offline(True)
    await server.hang_up()
    await board.locator("#lost").wait_for()
    await expect(board.locator("main")).to_have_attribute("inert", "")
    await board.keyboard.press("1")
    await board.context.set_offline(False)
    await expect(board.locator("#lost")).to_have_count(0)
    assert server.asked("program.switch") == []


async def test_a_program_that_hangs_is_told_in_both_languages(server: PageServer, board: Page) -> None:
    talk, lost, main = board.locator("[data-scene-button=talk]"), board.locator("#lost"), board.locator("main")
    await talk.focus()
    server.answering.clear()
    await board.keyboard.press("Enter")
    await expect(talk).to_contain_text("Switching…")
    await expect(lost).to_contain_text("No answer from classroom.")
    await expect(main).to_have_attribute("inert", "")
    await expect(board.locator("#end")).to_be_disabled()
    await board.locator("[data-language=zh]").click()
    await expect(lost).to_contain_text("classroom 没有响应。")
    await expect(talk).to_contain_text("正在切换…")
    server.answering.set()
    await expect(lost).to_have_count(0)
    await expect(main).not_to_have_attribute("inert", "")
    await expect(board.locator("#end")).to_be_enabled()
    await expect(talk).to_have_attribute("aria-pressed", "true")
    await expect(talk).not_to_contain_text("正在切换…")


async def test_ending_is_asked_twice(server: PageServer, board: Page) -> None:
    await board.locator("#end").click()
    await expect(board.locator("#end-cancel")).to_be_focused()
    await board.locator("#end-cancel").click()
    await expect(board.locator("#end-dialog")).not_to_be_visible()
    assert server.asked("lesson.end") == []
    await board.locator("#end").click()
    await board.locator("#end-confirm").click()
    await expect(board.get_by_role("heading", name="The lesson has ended")).to_be_visible()
    assert server.asked("lesson.end") == [{}]


async def test_the_monitor_is_met_over_the_control_connection_and_again_after_a_loss(
    server: PageServer, open_page: PageFactory
) -> None:
    await server.member.sign_in("Linear algebra")
    page = await open_page(server.teach)
    await until(lambda: server.asked("peer.offer") == [{"role": "monitor"}])
    # What comes for another connection than the last is not taken.
    server.say_to_teacher("0", Offer("v=0"))
    await server.hang_up()
    await until(lambda: len(server.asked("peer.offer")) == 2)
    server.say_to_teacher("1", Ended())
    await page.locator("body[data-control=ended]").wait_for(state="attached")
    # Nothing was said to the signaling, which may be somebody else's: nobody signed in there but the broadcaster.
    with pytest.raises(TimeoutError):
        await server.peer(within=0.1)


async def test_language_is_the_lessons_until_one_is_chosen(server: PageServer, open_page: PageFactory) -> None:
    server.state["lesson"] = {**server.state["lesson"], "language": "zh"}
    page = await open_page(server.teach)
    await expect(page.get_by_role("heading", name="场景")).to_be_visible()
    assert await page.get_attribute("html", "lang") == "zh-Hans"
    await page.get_by_role("button", name="English").click()
    await expect(page.get_by_role("heading", name="Scenes")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("heading", name="Scenes")).to_be_visible()
    assert await page.get_attribute("html", "lang") == "en"


async def test_keyboard_reaches_a_scene_and_shows_it(server: PageServer, board: Page) -> None:
    for _ in range(20):
        await board.keyboard.press("Tab")
        if await board.evaluate("document.activeElement.dataset.sceneButton") == "talk":
            break
    ring = "getComputedStyle(document.activeElement).outlineStyle"
    assert await board.evaluate(ring) == "solid"
    await board.keyboard.press("Enter")
    await expect(board.locator("[data-scene-button=talk]")).to_have_attribute("aria-pressed", "true")
    assert server.asked("program.switch") == [{"scene": "talk"}]


async def test_nothing_overflows_on_a_phone(server: PageServer, open_page: PageFactory) -> None:
    page = await open_page(server.teach, size=PHONE)
    await page.locator("[data-scene-button=talk]").wait_for()
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    for strip in await page.locator(".heard summary").all():
        await strip.click()
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    crowded = await page.evaluate(
        """[...document.querySelectorAll('.strip')].filter((strip) => {
            const facts = strip.querySelector('.facts').getBoundingClientRect();
            const above = strip.querySelector('.strip-row').getBoundingClientRect().bottom;
            return facts.top < above || facts.bottom > strip.querySelector('.heard-fields').getBoundingClientRect().top;
        }).length"""
    )
    assert crowded == 0
    small = await page.evaluate(
        """[...document.querySelectorAll('button, input:not([type=checkbox]), select, summary')]
        .filter((each) => each.checkVisibility())
        .filter((each) => each.getBoundingClientRect().height < 44).map((each) => each.outerHTML)"""
    )
    assert small == []


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
@pytest.mark.parametrize("name", ["W" * 80, "\u0e20" * 80, "\ufdfd" * 80, "m" * 40 + " " + "W" * 39])
async def test_a_wide_name_fits_into_the_page(
    name: str, size: tuple[int, int], server: PageServer, open_page: PageFactory
) -> None:
    page = await open_page(server.teach, size=size)
    await page.locator("[data-scene-button=talk]").wait_for()
    watching: StudentEntry = {**server.state["students"]["1"], "name": name}
    asking: StudentEntry = {**watching, "state": "waiting", "admitted": False}
    await server.change(students={"1": watching, "2": asking})
    await expect(page.locator("tr[data-student='1'] th")).to_have_text(name)
    await expect(page.locator("[data-admit='2']")).to_be_visible()
    widths = await page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert widths[0] <= widths[1]
    button = await page.locator("tr[data-student='1'] td.act button").bounding_box()
    assert button is not None
    assert button["x"] + button["width"] <= size[0]
