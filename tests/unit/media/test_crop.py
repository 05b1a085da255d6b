"""Cutting out of a picture; what is seen of it, the tests of the mixer tell."""

from __future__ import annotations

import os
from pathlib import Path

import av
import pytest

from classroom.director import Rectangle
from classroom.media.crop import Cropper

TASKS = Path("/proc/self/task")


@pytest.mark.skipif(not TASKS.is_dir(), reason="threads are counted where Linux lists them")
def test_it_has_no_threads_of_its_own() -> None:
    picture = av.VideoFrame(640, 360, "yuv420p")
    before = set(os.listdir(TASKS))
    croppers = [Cropper() for _ in range(4)]
    for cropper in croppers:
        cut = cropper.cut(picture, Rectangle(10, 10, 100, 100))
        assert (cut.width, cut.height) == (100, 100)
    assert set(os.listdir(TASKS)) <= before, "those of other tests may end meanwhile"
