"""The chat over the real signaling and the real control connection."""

from __future__ import annotations

import json
from typing import Any

from tests.integration.test_access import hello, lesson, peer, told
from tests.support.broadcast import eventually
from tests.support.student import Student
from tests.support.teacher import Caller, calling

HOSTILE = "<img src=x onerror=alert(1)>\u202e"


async def reads(page: Student, text: str) -> dict[str, Any]:
    """The message with this text, as the page gets it."""
    while True:
        news = await told(page, "chat")
        for message in news["messages"]:
            if message["text"] == text:
                return {**message, "history": news.get("history", False)}


async def write(page: Student, text: str, n: int) -> None:
    await page.say({"type": "chat", "text": text, "n": n})


async def shown(teacher: Caller, text: str) -> dict[str, Any]:
    """A message that a teacher was told of."""

    def find() -> list[dict[str, Any]]:
        return [each for each in teacher.state["chat"] if each["text"] == text]

    await eventually(lambda: bool(find()), what=text)
    return find()[0]


async def test_a_class_writes_is_muted_and_reaches_its_teacher_when_the_chat_is_off() -> None:
    async with lesson("{}") as running, calling(running) as teacher, peer(running) as ada, peer(running, b"Bob") as bob:
        for page in (ada, bob):
            await hello(page)
            await told(page, "welcome")
        room = await told(ada, "class")
        assert (room["chat"], room["muted"], room["names"]) == ("everyone", False, "teacher")
        await write(ada, HOSTILE, 1)
        await write(ada, HOSTILE, 1)  # sent again by a page that heard no answer
        heard = await reads(bob, HOSTILE[:-1])
        assert (heard["from"], heard["own"], heard["number"]) == (None, False, room["number"])
        message = await shown(teacher, HOSTILE[:-1])
        assert (message["name"], message["to"], message["student"]) == ("Ada", "class", room["number"])
        assert len(teacher.state["chat"]) == 1
        assert "result" in await teacher.ask("chat.mute", id=room["number"], muted=True)
        assert (await told(ada, "class"))["muted"] is True
        await write(ada, "muted", 2)
        assert (await shown(teacher, "muted"))["to"] == "teacher"
        await teacher.ask("chat.mute", id=room["number"], muted=False)
        await teacher.ask("room.set", chat="off")
        assert (await teacher.ask("chat.send", text="hello"))["error"]["code"] == -32003
        await write(bob, "help", 1)
        assert (await shown(teacher, "help"))["to"] == "teacher"
        await teacher.ask("room.set", chat="teacher")
        assert (await teacher.ask("chat.send", text=" \n"))["error"]["code"] == -32602
        await teacher.ask("chat.send", text="Well done")
        said = await reads(bob, "Well done")
        assert said["teacher"] is True
        await teacher.ask("chat.remove", id=message["id"])
        await eventually(lambda: message["id"] not in [each["id"] for each in teacher.state["chat"]])
        assert (await teacher.ask("chat.remove", id=message["id"]))["error"]["code"] == -32002
        async with peer(running, b"Cleo") as cleo:
            await hello(cleo)
            history = await told(cleo, "chat")
            assert history["history"] is True
            assert [each["text"] for each in history["messages"]] == ["Well done"], "nothing private, nothing removed"


async def test_a_student_who_floods_is_cut_and_the_others_read_on() -> None:
    async with lesson("{}") as running, calling(running) as teacher, peer(running) as ada, peer(running, b"Bob") as bob:
        for page in (ada, bob):
            await hello(page)
            await told(page, "welcome")
        for n in range(40):
            await write(ada, f"spam {n} " + "x" * 10_000, n)
        await write(bob, "a question", 1)
        await shown(teacher, "a question")
        assert sum(each["text"].startswith("spam") for each in teacher.state["chat"]) <= 10
        assert max(len(each["text"]) for each in teacher.state["chat"]) == 500
        await reads(ada, "a question")


async def test_nobody_who_waits_to_be_let_in_is_heard() -> None:
    async with lesson("{admit: approve}") as running, calling(running) as teacher, peer(running) as ada:
        await hello(ada)
        await told(ada, "waiting")
        await write(ada, "let me in", 1)
        await write(ada, json.dumps([1]), -1)
        await teacher.ask("chat.send", text="first")
        assert [each["text"] for each in teacher.state["chat"]] == ["first"]
