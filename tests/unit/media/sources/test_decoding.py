"""What an open file says of itself."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from classroom.media.sources.decoding import Decoding
from tests.support.clips import RATE, clip


def test_pictures_have_a_rate(tmp_path: Path) -> None:
    with Decoding(str(clip(tmp_path / "film.mp4", seconds=1.0))) as decoding:
        assert decoding.rate == pytest.approx(RATE)


def test_sound_alone_has_none(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "song.wav"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=48_000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4800), np.int16), "s16", "mono")
        frame.sample_rate = 48_000
        container.mux(stream.encode(frame))
    with Decoding(str(tmp_path / "song.wav")) as decoding:
        assert decoding.rate is None
