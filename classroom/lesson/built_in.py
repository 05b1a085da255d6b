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
        "title": "The lesson is about to begin",
        "title_text": "Picture and sound will start in a moment.",
        "away": "Back in a moment",
        "no_screen": "No screen to show",
        "no_screen_text": "This computer has no screen that can be captured.\n"
        "Start classroom in a desktop session to show it.",
    },
    "zh": {
        "lesson": "课堂",
        "title": "即将开始上课",
        "title_text": "请稍候，画面和声音即将出现。",
        "away": "马上回来",
        "no_screen": "没有可以显示的屏幕",
        "no_screen_text": "这台电脑没有可以采集的屏幕。\n请在桌面环境中启动 classroom。",
    },
}


def built_in_lesson(*, has_camera: bool, has_microphone: bool, has_screen: bool, language: str = "en") -> Lesson:
    """A lesson for a computer with these devices; any language but ``zh`` is English.

    Scenes: title (on air first), camera, screen, both, duo, away. A test pattern replaces a missing camera,
    a card that says why a missing screen, and a muted tone a missing microphone.
    """
    values = built_in_values(
        has_camera=has_camera, has_microphone=has_microphone, has_screen=has_screen, language=language
    )
    return Lesson.model_validate(values, context={"folder": Path.cwd()})


def built_in_values(*, has_camera: bool, has_microphone: bool, has_screen: bool, language: str) -> dict[str, Any]:
    """The same as a lesson file would write it."""
    language = language if language in _TEXTS else "en"
    text = _TEXTS[language]
    no_screen = {"kind": "card", "title": text["no_screen"], "text": text["no_screen_text"]}
    return {
        "lesson": {"title": text["lesson"], "language": language},
        "sources": {
            "title": {"kind": "card", "title": text["title"], "text": text["title_text"]},
            "camera": {"kind": "camera"} if has_camera else {"kind": "pattern"},
            "screen": {"kind": "screen"} if has_screen else no_screen,
            "away": {"kind": "card", "title": text["away"]},
        },
        "audio": {"microphone": {"kind": "microphone"} if has_microphone else {"kind": "tone", "muted": True}},
        "scenes": {
            "title": "title",
            "camera": "camera",
            "screen": "screen",
            "both": {"layout": "picture-in-picture", "show": ["screen", "camera"]},
            "duo": {"layout": "side-by-side", "show": ["camera", "screen"]},
            "away": "away",
        },
        "program": {"start": "title", "fallback": "away"},
    }
