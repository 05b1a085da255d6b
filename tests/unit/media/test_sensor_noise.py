"""A camera whose noise ends is lost; what never had noise, such as the grabber of a slide, is not."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import av
import numpy as np
import numpy.typing as npt

from classroom.media.picture_statistics import fingerprint
from classroom.media.stall_detector import StallDetector

RATE = 30
RANDOM = np.random.default_rng(3)
Grey = npt.NDArray[np.uint8]


def slide(number: int) -> Grey:
    """A white page with some lines of text, another for each number."""
    page = np.full((360, 640), 235, np.uint8)
    for line in range(5):
        page[60 + 50 * line : 72 + 50 * line, 40 : 200 + 60 * ((number + line) % 5)] = 20
    return page


def with_pointer(page: Grey, at: int) -> Grey:
    """The page with a mouse pointer that has moved."""
    pointed = page.copy()
    pointed[100 + at : 116 + at, 200 + at : 212 + at] = 0
    return pointed


def by_a_sensor(scene: Grey) -> Grey:
    """The same scene as a webcam sees it, as MJPEG: every picture has other noise."""
    seen = np.clip(scene.astype(np.int16) // 2 + 40 + RANDOM.integers(-3, 4, scene.shape), 0, 255).astype(np.uint8)
    codec = av.CodecContext.create("mjpeg", "w")
    assert isinstance(codec, av.VideoCodecContext)
    codec.width, codec.height, codec.pix_fmt = scene.shape[1], scene.shape[0], "yuvj420p"
    frame = av.VideoFrame.from_ndarray(seen, "gray").reformat(format="yuvj420p")
    packets = [*codec.encode(frame), *codec.encode(None)]
    (decoded,) = av.CodecContext.create("mjpeg", "r").decode(av.Packet(b"".join(map(bytes, packets))))
    assert isinstance(decoded, av.VideoFrame)
    return np.asarray(decoded.to_ndarray(format="gray"))


class Device:
    """What is watched: a device that sends pictures, and its clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.detector = StallDetector()
        self.detector.begin(RATE, "noise", fresh=True)
        self.losses = 0

    def send(self, pictures: Iterable[Grey]) -> None:
        """Send these pictures, and count how often it is taken for lost."""
        for picture in pictures:
            before = self.lost
            self.now += 1 / RATE
            self.detector.delivered(self.now, fingerprint(av.VideoFrame.from_ndarray(picture, "gray")))
            self.losses += self.lost and not before

    @property
    def lost(self) -> bool:
        """Whether the program would show the fallback in its place."""
        return self.detector.lost_when_frozen and self.detector.verdict(self.now) == "frozen"


def scene(seconds: float) -> Iterator[Grey]:
    """What a sensor sees of a still scene."""
    few = [by_a_sensor(slide(1)) for _ in range(8)]
    return itertools.islice(itertools.cycle(few), round(seconds * RATE))


def still(picture: Grey, seconds: float) -> Iterator[Grey]:
    """The same picture again and again."""
    return itertools.repeat(picture, round(seconds * RATE))


def fade(one: Grey, other: Grey, seconds: float) -> Iterator[Grey]:
    """A slide that becomes another over its whole height."""
    count = round(seconds * RATE)
    for number in range(count):
        yield ((one.astype(np.float32) * (count - number) + other.astype(np.float32) * number) / count).astype(np.uint8)


def test_a_camera_whose_noise_ends_is_lost_until_it_has_noise_again() -> None:
    camera = Device()
    camera.send(scene(11.0))
    assert camera.losses == 0
    camera.send(still(by_a_sensor(slide(1)), 0.4))
    assert camera.lost
    camera.send(scene(0.2))
    assert not camera.lost
    assert camera.losses == 1


def test_a_grabber_is_not_lost_whatever_its_slides_do() -> None:
    grabber = Device()
    for number in range(4):
        grabber.send(still(slide(number), 5.0))
        grabber.send(with_pointer(slide(number), at) for at in range(100))
        grabber.send(still(slide(number), 1.0))
        grabber.send(fade(slide(number), 255 - slide(number + 1), 3.0))
    assert grabber.losses == 0
    # What stood still once shows a screen, even if it shows a film for a while, or a camera.
    grabber.send(scene(10.0))
    grabber.send(still(slide(1), 5.0))
    assert grabber.losses == 0
    assert grabber.detector.verdict(grabber.now) == "frozen", "a teacher is told, as it may be a fault"


def test_a_grabber_that_begins_with_a_film_is_not_lost_with_its_first_slide() -> None:
    grabber = Device()
    grabber.send(scene(6.0))
    grabber.send(still(slide(1), 5.0))
    assert grabber.losses == 0
    grabber = Device()
    for number, picture in enumerate(scene(20.0)):  # of 24 pictures a second, at 30
        grabber.send([picture] if number % 4 else [picture, picture])
    grabber.send(still(slide(1), 5.0))
    assert grabber.losses == 0


def test_a_window_with_a_film_is_no_noise() -> None:
    grabber, page = Device(), slide(1)
    for picture in scene(5.0):
        window = page.copy()
        window[80:280, 100:500] = picture[80:280, 100:500]
        grabber.send([window])
    grabber.send(still(page, 5.0))
    assert grabber.losses == 0


def test_what_was_learnt_lasts_until_a_teacher_restarts_the_device() -> None:
    camera = Device()
    camera.send(scene(11.0))
    camera.detector.begin(RATE, "noise", fresh=False)
    camera.send(still(slide(1), 1.0))
    assert camera.lost, "it was opened again, and is frozen from the beginning"
    camera.detector.begin(RATE, "noise", fresh=True)
    camera.send(still(slide(2), 1.0))
    assert not camera.lost, "it may be another device"
