"""The lesson of ``classroom teach`` without a file: the devices of this computer, and replacements for missing ones.

It opens on a title card, so that nothing private is on air before the teacher switches.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from classroom.lesson.model import Lesson

__all__ = ["built_in_lesson", "built_in_values"]

_TEXTS = {
    "en": {
        "lesson": "Lesson",
        "start": "The lesson is about to begin",
        "start_text": "Picture and sound will start in a moment.",
        "pause": "Back in a moment",
        "no_screen_title": "No screen to show",
        "no_screen_text": "This computer has no screen that can be captured.\n"
        "Start classroom in a desktop session to show it.",
        "title": "title",
        "camera": "camera",
        "screen": "screen",
        "both": "both",
        "duo": "duo",
        "away": "away",
        "microphone": "microphone",
        "no_camera": "no camera (test pattern)",
        "no_screen": "no screen (card)",
        "no_microphone": "no microphone (test tone)",
    },
    "zh": {
        "lesson": "课堂",
        "start": "即将开始上课",
        "start_text": "请稍候，画面和声音即将出现。",
        "pause": "马上回来",
        "no_screen_title": "没有可以显示的屏幕",
        "no_screen_text": "这台电脑没有可以采集的屏幕。\n请在桌面环境中启动 classroom。",
        "title": "开场",
        "camera": "摄像头",
        "screen": "屏幕",
        "both": "屏幕加摄像头",
        "duo": "左右并排",
        "away": "暂停",
        "microphone": "麦克风",
        "no_camera": "没有摄像头（测试图）",
        "no_screen": "没有屏幕（文字卡片）",
        "no_microphone": "没有麦克风（测试音）",
    },
}
"""What is shown, and the names of scenes, sources and the input."""


def built_in_lesson(*, has_camera: bool, has_microphone: bool, has_screen: bool, language: str = "en") -> Lesson:
    """A lesson for a computer with these devices; any language but ``zh`` is English.

    Scenes: title (on air first), camera, screen, both, duo, away, named in that language. A test pattern replaces a
    missing camera, a card that says why a missing screen, and a muted tone a missing microphone; each has a name that
    says so.
    """
    values = built_in_values(
        has_camera=has_camera, has_microphone=has_microphone, has_screen=has_screen, language=language
    )
    return Lesson.model_validate(values, context={"folder": Path.cwd()})


def built_in_values(*, has_camera: bool, has_microphone: bool, has_screen: bool, language: str) -> dict[str, Any]:
    """The same as a lesson file would write it."""
    language = language if language in _TEXTS else "en"
    text = _TEXTS[language]
    no_screen = {"kind": "card", "title": text["no_screen_title"], "text": text["no_screen_text"]}
    camera = text["camera" if has_camera else "no_camera"]
    screen = text["screen" if has_screen else "no_screen"]
    microphone = text["microphone" if has_microphone else "no_microphone"]
    return {
        "lesson": {"title": text["lesson"], "language": language},
        "sources": {
            text["title"]: {"kind": "card", "title": text["start"], "text": text["start_text"]},
            camera: {"kind": "camera"} if has_camera else {"kind": "pattern"},
            screen: {"kind": "screen"} if has_screen else no_screen,
            text["away"]: {"kind": "card", "title": text["pause"]},
        },
        "audio": {microphone: {"kind": "microphone"} if has_microphone else {"kind": "tone", "muted": True}},
        "scenes": {
            text["title"]: text["title"],
            text["camera"]: camera,
            text["screen"]: screen,
            text["both"]: {"layout": "picture-in-picture", "show": [screen, camera]},
            text["duo"]: {"layout": "side-by-side", "show": [camera, screen]},
            text["away"]: text["away"],
        },
        "program": {"start": text["title"], "fallback": text["away"]},
    }
