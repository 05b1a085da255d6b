"""Pictures for measurements: a screen, slides and a camera, the same in every run.

They are made before anything is measured, and cost nothing to show. They are synthetic: with real lessons, figures of
bit rate or quality differ, figures of time hardly differ.
"""

from __future__ import annotations

import av
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

__all__ = ["CameraClip", "ScreenClip", "SlideClip"]

_WORDS = (
    "the matrix of a linear map has as many columns as its domain dimensions; we write vectors in bases, therefore "
    "kernel, image and rank of an eigenvalue: theorem, proof and example"
)
_PAGE_EVERY = 2.5
_LINE = 24


class ScreenClip:
    """A 1920×1080 screen in BGRA, as mss delivers it: pages of text, a new one each 2.5 s, or scrolled by 4 lines."""

    size = (1920, 1080)

    def __init__(self, *, seed: int = 1) -> None:
        width, height = self.size
        chance = np.random.default_rng(seed)
        tall = np.full((3 * height, width, 4), 245, np.uint8)
        for top in range(8, len(tall) - _LINE, _LINE):
            x = 60 + int(chance.integers(0, 4)) * 40
            end = int(chance.integers(width // 3, width - 80))
            while x < end:  # words: dark blocks with lighter gaps, as sharp as letters
                word = int(chance.integers(16, 110))
                letters = chance.integers(0, 2, (12, word // 2), dtype=np.uint8).repeat(2, 1) * 200
                tall[top : top + 12, x : x + letters.shape[1], :3] = letters[..., None] + 20
                x += word + 14
        self._tall = tall
        self._scrolls = tall.shape[0] - height

    def pixels(self, number: int) -> npt.NDArray[np.uint8]:
        """The pixels (1080, 1920, 4) of a screen that scrolls: each picture is 4 lines further down than the last."""
        top = (4 * number) % self._scrolls
        return self._tall[top : top + self.size[1]]

    def scrolled(self, number: int) -> av.VideoFrame:
        """The same as a frame, without a copy."""
        return av.VideoFrame.from_numpy_buffer(self.pixels(number), "bgra")

    def page(self, seconds: float) -> tuple[int, av.VideoFrame]:
        """The number of the page that is shown after these seconds, and its frame."""
        page = int(seconds / _PAGE_EVERY)
        top = (page * 331 * 4) % self._scrolls
        return page, av.VideoFrame.from_numpy_buffer(self._tall[top : top + self.size[1]], "bgra")


class SlideClip:
    """1280×720 slides of a lecture in RGB: a title, nine lines of text, dark on light or light on dark, and a photo.

    They are easier to encode than the dense pages of ``ScreenClip``. No encoder makes those sharp within a second.
    """

    size = (1280, 720)

    def __init__(self, *, seed: int = 4, length: int = 4) -> None:
        chance = np.random.default_rng(seed)
        self._frames = []
        for number in range(length):
            slide = np.asarray(self._slide(chance, dark=number % 2 == 1))
            self._frames.append(av.VideoFrame.from_ndarray(np.ascontiguousarray(slide), "rgb24"))

    def frame(self, number: int) -> av.VideoFrame:
        """Slide ``number``. After the last slide the first one follows."""
        return self._frames[number % len(self._frames)]

    def _slide(self, chance: np.random.Generator, *, dark: bool) -> Image.Image:
        paper, ink = ((24, 34, 60), (235, 235, 235)) if dark else ((255, 255, 255), (20, 20, 30))
        slide = Image.new("RGB", self.size, paper)
        draw, known = ImageDraw.Draw(slide), _WORDS.split()

        def words(count: int) -> str:
            return " ".join(known[number] for number in chance.integers(0, len(known), count))

        draw.rectangle((0, 0, self.size[0], 90), fill=(int(chance.integers(40, 120)), 60, 160))
        draw.text((40, 15), words(5).title(), fill=(255, 255, 255), font=ImageFont.load_default(48))
        for line in range(9):
            top = 120 + 62 * line
            draw.ellipse((40, top + 12, 52, top + 24), fill=ink)
            draw.text((70, top), words(int(chance.integers(5, 11))), fill=ink, font=ImageFont.load_default(28))
        blots = Image.fromarray(chance.normal(128, 50, (12, 16, 3)).clip(0, 255).astype(np.uint8))
        photo = np.asarray(blots.resize((420, 320), Image.Resampling.BICUBIC)) + chance.normal(0, 3, (320, 420, 3))
        slide.paste(Image.fromarray(photo.clip(0, 255).astype(np.uint8)), (820, 340))
        return slide


class CameraClip:
    """A 1280×720 camera in yuv420p: a soft shape that sways, and the noise of a sensor. It repeats each second."""

    size = (1280, 720)

    def __init__(self, *, seed: int = 2, length: int = 30) -> None:
        width, height = self.size
        chance = np.random.default_rng(seed)
        y, x = np.mgrid[:height, :width].astype(np.float32)
        self._frames = []
        for number in range(length):
            turn = 2 * np.pi * number / length
            centre_x, centre_y = width / 2 + 40 * np.sin(turn), height / 2 + 12 * np.cos(turn)
            face = np.exp(-(((x - centre_x) / 180) ** 2 + ((y - centre_y) / 240) ** 2))
            luma = 70 + 30 * x / width + 110 * face + chance.normal(0, 2.0, y.shape).astype(np.float32)
            pixels = np.empty((height * 3 // 2, width), np.uint8)
            pixels[:height] = luma.clip(16, 235)
            small = face[::2, ::2]
            pixels[height:].reshape(2, height // 2, width // 2)[:] = np.stack([128 - 18 * small, 128 + 26 * small])
            self._frames.append(av.VideoFrame.from_numpy_buffer(pixels, "yuv420p"))

    def frame(self, number: int) -> av.VideoFrame:
        """Picture ``number``. After the last picture the first one follows."""
        return self._frames[number % len(self._frames)]
