"""Fixtures that several tests of the media share."""

from tests.support.sound_library import library

__all__ = ["library"]
