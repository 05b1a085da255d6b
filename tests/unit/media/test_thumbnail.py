"""Small pictures for the teacher's page."""

from __future__ import annotations

import io

import av
import pytest
from PIL import Image

from classroom.media.thumbnail import thumbnails


@pytest.mark.parametrize("size", [(1280, 720), (721, 401), (1, 1), (4000, 1), (1, 4000), (90, 1600)])
def test_they_say_how_large_they_are(size: tuple[int, int]) -> None:
    small = thumbnails({"it": av.VideoFrame(*size, "yuv420p")})["it"]
    assert Image.open(io.BytesIO(small.jpeg)).size == (small.width, small.height)
    assert small.width <= 320
