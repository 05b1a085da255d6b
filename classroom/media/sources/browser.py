"""What a browser sends: the camera, the microphone or the screen of a page, delivered from outside.

This file knows nothing of the network. The receiver of the page puts pictures and sound in, from any thread; the
source's own thread takes them out, so that it is opened, watched and lost as every other source is.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Final

import av

from classroom.common.clock import Clock
from classroom.common.errors import DeviceError
from classroom.common.sentences import Wording
from classroom.media.frames import Samples
from classroom.media.sources.base import Source

__all__ = ["Browser"]

_WAIT: Final = 0.1
_SILENCE: Final = 3.0
"""Seconds without picture and sound after which the sender counts as gone. A still screen is repeated once a second."""

_BLOCKS: Final = 50
"""Blocks of sound that wait for the source's thread: one second, as much as the sound buffer keeps."""

_NOBODY: Final = Wording(
    "browser.nobody",
    "'{source}' is not connected yet. Share a camera or screen from the teacher page, or invite a phone there.",
)
_LEFT: Final = Wording(
    "browser.left",
    "The page that shared '{source}' has stopped. Share it again from the teacher page, or invite a phone there.",
)
_SILENT: Final = Wording(
    "browser.silent",
    "The page that shares '{source}' does not respond. Check that device; the picture comes back automatically.",
)


class Browser(Source):
    """A source that is live while somebody puts pictures or sound in.

    Of pictures only the newest waits, of sound one second. ``leave`` says that nobody sends any more.
    """

    kind = "browser"
    comes_back = True

    def __init__(self, *, name: str, clock: Clock) -> None:
        super().__init__(name=name, clock=clock, picture=True, sound=True)
        self._picture: tuple[av.VideoFrame, float] | None = None
        self._blocks: deque[tuple[Samples, float]] = deque(maxlen=_BLOCKS)
        self._sending = False
        self._was_sent = False
        self._open = False
        self._heard = 0.0
        self._seen = 0.0
        self._condition = threading.Condition()

    @property
    def awaited(self) -> bool:
        """Whether nobody has sent so far."""
        return not self._was_sent

    def put_picture(self, frame: av.VideoFrame, captured: float) -> None:
        """Deliver a picture that was taken at a clock second; from any thread, returns at once."""
        with self._condition:
            self._picture = (frame, captured)
            self._arrived()

    def put_sound(self, samples: Samples, captured: float) -> None:
        """Deliver a block of sound (n, 2) that began at a clock second; from any thread, returns at once."""
        with self._condition:
            self._blocks.append((samples, captured))
            self._arrived()

    def leave(self) -> None:
        """Say that nobody sends any more; from any thread, returns at once."""
        with self._condition:
            self._sending = False
            self._picture = None
            self._blocks.clear()
            self._condition.notify()

    def open(self) -> None:
        """Begin to take what is sent; DeviceError while nobody sends."""
        with self._condition:
            self._heard = self._seen = self.clock.now()
            self._open = self._sending
            if not self._sending:
                raise DeviceError((_LEFT if self._was_sent else _NOBODY)(source=self.name))

    def read(self) -> None:
        """Show the newest picture and write the sound that came; DeviceError when the sender has left or is silent."""
        with self._condition:
            if self._sending and self._picture is None and not self._blocks:
                self._condition.wait(_WAIT)
            picture, self._picture = self._picture, None
            blocks = list(self._blocks)
            self._blocks.clear()
            if not self._sending:
                raise DeviceError(_LEFT(source=self.name))
        if picture is None and not blocks:
            if self.clock.now() - self._heard > _SILENCE:
                raise DeviceError(_SILENT(source=self.name))
            return
        self._heard = self.clock.now()
        assert self.sound is not None
        for samples, captured in blocks:
            self.sound.write(samples, captured)
        assert self.picture is not None
        if picture is not None:
            self._seen = self._heard
            self.show(*picture)
            return
        if self._heard - self._seen > _SILENCE:
            # A phone whose camera was taken away still sends sound: its last picture is out of date.
            self.picture.clear()
        if self.picture.newest() is None:
            # Sound without a picture is alive as well; with one, the rate of pictures is what is counted.
            self.taken += 1

    def close(self) -> None:
        """Take nothing any more; what is sent meanwhile waits for the next ``open``."""
        with self._condition:
            self._open = False

    def _arrived(self) -> None:
        """Note that somebody sends; a source that was given up is opened at once instead of after its pause."""
        began = not self._sending
        self._sending = self._was_sent = True
        self._condition.notify()
        if began and not self._open:
            self.interrupted.set()
