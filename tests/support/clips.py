"""Files for sources: clips whose pictures and sound tell their own time, and PDFs whose pages tell their number."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

__all__ = ["brightness", "clip", "pdf"]

RATE = 25


def clip(
    path: Path,
    *,
    seconds: float = 2.0,
    size: tuple[int, int] = (320, 180),
    sound: bool = True,
    more_sound: float = 0.0,
    less_sound: float = 0.0,
    every: float = 0.5,
) -> Path:
    """A clip of 25 pictures a second, dark but for a white flash of 0.2 s ``every`` so many seconds, where it beeps.

    Its sound goes on for ``more_sound`` seconds after its pictures, or ends ``less_sound`` seconds before them.
    """
    options = {"movflags": "faststart"} if path.suffix == ".mp4" else {}
    with av.open(str(path), "w", options=options) as container:
        video = container.add_stream("libx264", rate=RATE, options={"g": "5", "preset": "ultrafast", "qp": "10"})
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        audio = container.add_stream("aac", rate=48_000) if sound else None
        for number in range(round((seconds + more_sound) * RATE)):
            if number < round(seconds * RATE):
                planes = np.full((size[1] * 3 // 2, size[0]), 128, np.uint8)
                planes[: size[1]] = 235 if _loud(number / RATE, every) else 16 + number % 100
                frame = av.VideoFrame.from_ndarray(planes, "yuv420p")
                frame.pts, frame.time_base = number, Fraction(1, RATE)
                container.mux(video.encode(frame))
            if audio is not None and number < round((seconds + more_sound - less_sound) * RATE):
                times = (np.arange(48_000 // RATE) + number * 48_000 // RATE) / 48_000
                tone = 0.5 * np.sin(2 * np.pi * 1000 * times)
                wave = (tone if _loud(number / RATE, every) else 0 * tone).astype(np.float32)
                block = av.AudioFrame.from_ndarray(wave[None, :], "fltp", "mono")
                block.sample_rate, block.pts, block.time_base = 48_000, number * 48_000 // RATE, Fraction(1, 48_000)
                container.mux(audio.encode(block))
        container.mux(video.encode(None))
        if audio is not None:
            container.mux(audio.encode(None))
    return path


def _loud(time: float, every: float) -> bool:
    return time % every < 0.2


def pdf(path: Path, pages: int, *, broken: int | None = None) -> Path:
    """A PDF of 4:3 whose pages are grey, page n with a brightness of 40 + n of 255; ``broken`` cannot be loaded."""
    kids = " ".join(f"{3 + 2 * number} 0 R" for number in range(pages))
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>"]
    for number in range(1, pages + 1):
        content = f"{(40 + number) / 255:.6f} g 0 0 400 300 re f"
        kind = "Xage" if number == broken else "Page"
        objects.append(
            f"<< /Type /{kind} /Parent 2 0 R /MediaBox [0 0 400 300] /Contents {2 + 2 * number} 0 R /Resources << >> >>"
        )
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    data, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n".encode()
    start = len(data)
    data += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    data += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    data += f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    path.write_bytes(data)
    return path


def brightness(frame: av.VideoFrame) -> float:
    """The mean brightness of a picture, 0 to 255."""
    return float(frame.to_ndarray(format="gray").mean())
