"""Where pictures and sounds come from, one file a kind; each runs in its own thread, owned by a supervisor."""

from classroom.media.sources.base import Source
from classroom.media.sources.card import fallback_card
from classroom.media.sources.card_drawing import draw_card
from classroom.media.sources.factory import build_picture_source, build_sound_source

__all__ = ["Source", "build_picture_source", "build_sound_source", "draw_card", "fallback_card"]
