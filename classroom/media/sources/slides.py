"""The pages of a PDF file."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Final

import av

from classroom.common.clock import Clock
from classroom.common.errors import CommandError, DeviceError
from classroom.common.sentences import Wording
from classroom.media.sources.base import Source
from classroom.media.sources.file_watch import FileWatch
from classroom.media.sources.pdf import PdfFile

__all__ = ["Slides"]

logger = logging.getLogger(__name__)

_KEPT: Final = 4
"""Pages that are kept as pictures: the one that is shown, its neighbours, and the one before."""

_STILL: Final = 0.5
"""Seconds for which a read of a page that is already shown waits."""

_GLANCE: Final = 0.1
"""Seconds between two looks at whether the lesson has ended, while a page stands."""

_OUTDATED: Final = Wording(
    "slides.outdated", "'{source}' was saved again and cannot be shown, so its pages from before stay. {fault}"
)
_NOT_OPEN = Wording("slides.not_open", "The slides '{slides}' are not open, so there is no page to show.")
_NO_PAGE = Wording("slides.no_page", "The slides '{slides}' have no page {page}.")


class Slides(Source):
    """Shows one page of a PDF at a time, fitted into ``size`` (width, height in pixels).

    ``go_to`` may be called from any thread. The pages after and before the one that is shown are rendered ahead, so
    that a page turn needs no rendering. A file that is saved again is shown as it is now; while it is gone or cannot
    be read, the pages that were there before stay.
    """

    kind = "slides"

    def __init__(
        self,
        *,
        name: str,
        clock: Clock,
        path: Path,
        size: tuple[int, int] = (1280, 720),
        password: str | None = None,
    ) -> None:
        super().__init__(name=name, clock=clock, picture=True)
        self._path, self._size, self._password = path, size, password
        self._document: PdfFile | None = None
        self._saved_again: PdfFile | None = None
        self._watch: FileWatch | None = None
        self._rendered: OrderedDict[int, av.VideoFrame] = OrderedDict()
        self._lock = threading.Lock()
        self._turned = threading.Event()
        self._page = 1
        self._pages: int | None = None
        self._shown: int | None = None
        self._unshowable: set[int] = set()

    @property
    def page(self) -> int:
        """The page that is shown or is about to be, from 1."""
        return self._page

    @property
    def pages(self) -> int | None:
        """How many pages there are; None until the file was opened for the first time."""
        return self._pages

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    def begin_at(self, page: int) -> None:
        """Show this page first, or the last one where there are fewer; before the file is opened."""
        with self._lock:
            self._page = page

    def go_to(self, page: int | None = None, step: int | None = None) -> int:
        """Show a page, or one that many pages further on; the page that is shown then.

        A step goes no further than the first and the last page. CommandError for a page that does not exist.
        """
        with self._lock:
            last = self._pages
            if last is None:
                raise CommandError.not_possible(_NOT_OPEN(slides=self.name))
            wanted = page if page is not None else min(last, max(1, self._page + (step or 0)))
            if not 1 <= wanted <= last:
                no_page = _NO_PAGE(slides=self.name, page=wanted)
                raise CommandError(CommandError.UNKNOWN_NAME, no_page, {"known": [1, last]})
            self._page = wanted
        self._turned.set()
        return wanted

    def open(self) -> None:
        """Open the file; DeviceError when it is missing, is not a PDF, or has another password."""
        self.outdated = None
        watch = FileWatch(self._path, self._read_again)  # before it is read, so that no later change is overlooked
        self._show_from(PdfFile(self._path, self._password))
        self._watch = watch
        watch.start()

    def read(self) -> None:
        """Show the page that is wanted, or render one ahead, or wait."""
        self._turned.clear()
        with self._lock:
            saved_again, self._saved_again = self._saved_again, None
        if saved_again is not None:
            self._show_from(saved_again)
        page = self._page
        if page != self._shown or self.emptied:
            self.show(self._picture(page), self.clock.now())
            self._shown = page
            return
        assert self._pages is not None
        for near in (page + 1, page - 1):
            if 1 <= near <= self._pages and near not in self._rendered and near not in self._unshowable:
                self._prepare(near)
                return
        self._wait_for_a_turn()

    def close(self) -> None:
        """Close the file. Pages can still be turned: that is the way out of one that cannot be shown."""
        with self._lock:
            watch, self._watch = self._watch, None
            documents = (self._document, self._saved_again)
            self._document = self._saved_again = None
        if watch is not None:
            watch.stop()
        self._rendered.clear()
        for document in documents:
            if document is not None:
                document.close()

    def _show_from(self, document: PdfFile) -> None:
        """Show the pages of this file from now on."""
        before, self._document = self._document, document
        self._rendered.clear()
        self._unshowable.clear()
        self._shown = None
        with self._lock:
            self._pages, self._page = document.pages, min(self._page, document.pages)
        if before is not None:
            before.close()
            self.revision += 1

    def _read_again(self) -> None:
        """Open the file that was saved again, in the thread of the watch: that may take a while."""
        watch = self._watch
        try:
            document = PdfFile(self._path, self._password)
        except DeviceError as error:
            logger.warning("%s was saved again but is not shown: %s", self.name, error)
            self.outdated = _OUTDATED(source=self.name, fault=error.sentence)
            self._turned.set()
            return
        self.outdated = None
        with self._lock:
            # It may have been closed meanwhile, or saved once more.
            unused = document if watch is None or watch is not self._watch else self._saved_again
            if unused is not document:
                self._saved_again = document
        if unused is not None:
            unused.close()
        self._turned.set()

    def _wait_for_a_turn(self) -> None:
        end = self.clock.now() + _STILL
        while not self._turned.wait(_GLANCE) and not self.interrupted.is_set() and self.clock.now() < end:
            pass

    def _prepare(self, page: int) -> None:
        """Render a page that nobody asked for yet; if it cannot be shown, that is said when somebody does."""
        try:
            self._picture(page)
        except DeviceError:
            self._unshowable.add(page)

    def _picture(self, page: int) -> av.VideoFrame:
        frame = self._rendered.pop(page, None) or self._render(page)
        self._rendered[page] = frame
        while len(self._rendered) > _KEPT:
            self._rendered.popitem(last=False)
        return frame

    def _render(self, page: int) -> av.VideoFrame:
        assert self._document is not None
        return self._document.picture(page, self._size)
