"""A video file with its sound, a sound file, or a picture file."""

from __future__ import annotations

import logging
import math
from pathlib import Path
from typing import Final

import av

from classroom.common.clock import Clock
from classroom.common.errors import DeviceError
from classroom.common.sentences import Wording
from classroom.media.frames import SAMPLE_RATE
from classroom.media.sources.base import Source
from classroom.media.sources.decoding import Decoding, DecodingError
from classroom.media.sources.picture_sequence import PictureSequence, open_sequence

__all__ = ["MediaFile"]

log = logging.getLogger(__name__)

_STILL: Final = 0.5
"""Seconds for which a read of what does not move waits."""

_LEAD: Final = 0.15
"""Seconds by which sound is written before it is heard: the mixer needs it when its time comes, not after."""

_OVERDUE: Final = 0.05
"""Seconds after which a picture is too late to be worth much work."""

_LATE: Final = 0.5
"""A file that is behind by more than this, such as after the computer slept, continues from now instead of racing."""

_NOT_FOUND: Final = Wording("file.not_found", "The file {file} was not found. Check the path in the lesson file.")
_UNPLAYABLE: Final = Wording("file.unplayable", "The file {file} cannot be played ({fault}). Save it as MP4 or WebM.")
_BROKEN: Final = Wording("file.broken", "The file {file} is damaged ({fault}). Save it again.")


class MediaFile(Source):
    """Plays a file.

    With ``restart`` it stays at its first picture while it is off air and starts again each time it comes on air;
    without, it plays from the beginning of the lesson on. At its end it begins again (``loop``) or keeps its last
    picture. ``largest`` is the longer side of the program, pixels.
    """

    kind = "file"
    stall = 1.0
    """Going back to its beginning takes a moment."""

    def __init__(
        self, *, name: str, clock: Clock, path: Path, loop: bool = False, restart: bool = True, largest: int = 1920
    ) -> None:
        super().__init__(name=name, clock=clock, picture=True, sound=True)
        self._path, self._loop, self._restart, self._largest = path, loop, restart, largest
        self._decoding: Decoding | PictureSequence | None = None
        self._origin = 0.0
        self._length = 0.0
        self._playing = False
        self._over = False
        self._since: float | None = None

    def open(self) -> None:
        """Open the file and show its first picture; DeviceError when it is missing or cannot be played."""
        if not self._path.is_file():
            raise DeviceError(_NOT_FOUND(file=str(self._path)))
        try:
            self._decoding = self._open()
        except (*DecodingError, OSError) as error:
            raise DeviceError(_UNPLAYABLE(file=str(self._path), fault=str(error))) from error
        self._playing = self._over = False
        self._since = None
        self.expected_rate, self.next_due = None, -math.inf
        if self._restart:
            self._show_first()
        self._begin(self.clock.now() + _LEAD)

    def read(self) -> None:
        """Deliver the next picture or block of sound when it is due."""
        assert self._decoding is not None
        if self._restart:
            self._follow_the_program()
        if self._over or (self._restart and not self._playing):
            self.expected_rate = None
            self.pause(_STILL)
            return
        try:
            item = self._decoding.next(overdue=self.clock.now() - self._origin - _OVERDUE)
        except DecodingError as error:
            raise DeviceError(_BROKEN(file=str(self._path), fault=str(error))) from error
        if item is None:
            self._end()
            return
        time, content = item
        self._catch_up(time)
        if isinstance(content, av.VideoFrame):
            self._length = max(self._length, time + self._decoding.lasts)
            self.next_due = self._origin + time
            if not self._wait_for(self.next_due):
                self.show(content, self.next_due)
                self.expected_rate = self._decoding.rate
            return
        self._length = max(self._length, time + len(content) / SAMPLE_RATE)
        picture = self._decoding.next_picture
        if picture is not None:
            self.next_due = self._origin + picture
        else:
            # Sound continues where there are no more pictures.
            self.expected_rate = None
        if self.sound is not None and not self._wait_for(self._origin + time - _LEAD):
            self.sound.write(content, self._origin + time)
            self.taken += self._decoding.video is None

    @property
    def over(self) -> bool:
        """Whether it was played to its end."""
        return self._over

    def close(self) -> None:
        """Close the file."""
        decoding, self._decoding = self._decoding, None
        if decoding is not None:
            decoding.close()

    def _open(self) -> Decoding | PictureSequence:
        pictures = open_sequence(self._path, self._largest)
        return pictures or Decoding(str(self._path), lead=_LEAD, largest=self._largest)

    def _begin(self, instant: float) -> None:
        """Let what is read from now on start at an instant."""
        self._origin, self._length = instant, 0.0
        if self.sound is not None:
            self.sound.start_over()

    def _show_first(self) -> None:
        """Show the first picture and go back to it; a sound has none, and is there all the same."""
        assert self._decoding is not None
        if self._decoding.video is None:
            self.taken += 1
            return
        try:
            while (item := self._decoding.next()) is not None:
                if isinstance(item[1], av.VideoFrame):
                    self.show(item[1], self.clock.now())
                    break
        except DecodingError as error:
            raise DeviceError(_BROKEN(file=str(self._path), fault=str(error))) from error
        self._rewind()

    def _rewind(self) -> None:
        assert self._decoding is not None
        try:
            self._decoding.rewind()
        except DecodingError:
            # A file that cannot seek is opened again.
            self._decoding.close()
            self._decoding = self._open()
        self._over = False

    def _end(self) -> None:
        assert self._decoding is not None
        if self._loop and self._length and not self._decoding.still:
            self._rewind()
            # Without a gap, if the file is quickly at its beginning.
            self._begin(max(self._origin + self._length, self.clock.now()))
        else:
            self._over = True
            self.expected_rate = None

    def _catch_up(self, time: float) -> None:
        behind = self.clock.now() - (self._origin + time)
        if behind > _LATE:
            self._origin += behind

    def _follow_the_program(self) -> None:
        since = self.on_air_since
        if since is None and self._playing:
            self._playing = False
            if self.sound is not None:
                self.sound.clear()
            self._rewind()
            self._show_first()
        elif since is not None and since != self._since:
            if self._playing:
                self._rewind()
            self._playing, self._over = True, False
            self._begin(self.clock.now() + _LEAD)
        self._since = since

    def _wait_for(self, instant: float) -> bool:
        """Wait until an instant; True when the wait ended early, and what was waited for is not to be shown."""
        return self.pause(instant - self.clock.now()) if self._restart else self.wait_until(instant)
