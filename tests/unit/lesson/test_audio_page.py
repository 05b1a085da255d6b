"""What the teacher page knows of the sound settings is what the program knows."""

from __future__ import annotations

from classroom.common.paths import web_folder
from classroom.lesson.audio_page import page_module


def test_the_page_has_the_present_settings() -> None:
    written = (web_folder() / "lib" / "audio_settings.js").read_text(encoding="utf-8")
    assert written == page_module(), "run `make schema`"
