"""The pages of a PDF file."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any, Final

import av
import numpy as np

from classroom.common.clock import Clock
from classroom.common.errors import CommandError, DeviceError
from classroom.common.sentences import Wording
from classroom.media.sources.base import Source

__all__ = ["Slides"]

_KEPT: Final = 4
"""Pages that are kept as pictures: the one that is shown, its neighbours, and the one before."""

_STILL: Final = 0.5
"""Seconds for which a read of a page that is already shown waits."""

_GLANCE: Final = 0.1
"""Seconds between two looks at whether the lesson has ended, while a page stands."""

_LARGEST: Final = 4096
"""Pixels of the longer side of a page; a poster is not rendered in its full size."""

_one_at_a_time = threading.Lock()
"""PDFium must not be called from two threads at once, and every slides source has a thread of its own."""

_NOT_FOUND: Final = Wording("slides.not_found", "The slides {file} were not found. Check the path in the lesson file.")
_UNREADABLE: Final = Wording("slides.unreadable", "The slides {file} cannot be read ({fault}). Save them as PDF again.")
_EMPTY: Final = Wording("slides.empty", "The slides {file} have no pages. Save them as PDF again.")
_BAD_PAGE: Final = Wording(
    "slides.bad_page", "Page {page} of {file} cannot be shown ({fault}). Save the slides as PDF again."
)
_NO_LIBRARY: Final = Wording(
    "slides.no_library", "Slides need the package pypdfium2. Install it: pip install 'classroom[slides]'."
)


class Slides(Source):
    """Shows one page of a PDF at a time, fitted into ``size`` (width, height in pixels).

    ``go_to`` may be called from any thread. The pages after and before the one that is shown are rendered ahead, so
    that a page turn needs no rendering.
    """

    kind = "slides"

    def __init__(self, *, name: str, clock: Clock, path: Path, size: tuple[int, int] = (1280, 720)) -> None:
        super().__init__(name=name, clock=clock, picture=True)
        self._path, self._size = path, size
        self._document: Any = None
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
                raise CommandError.not_possible(f"The slides '{self.name}' are not open, so there is no page to show.")
            wanted = page if page is not None else min(last, max(1, self._page + (step or 0)))
            if not 1 <= wanted <= last:
                raise CommandError(
                    CommandError.UNKNOWN_NAME,
                    f"The slides '{self.name}' have no page {wanted}.",
                    {"known": [1, last]},
                )
            self._page = wanted
        self._turned.set()
        return wanted

    def open(self) -> None:
        """Open the file; DeviceError when it is missing, is not a PDF, or asks for a password."""
        pdfium = _pdfium()
        if not self._path.is_file():
            raise DeviceError(_NOT_FOUND(file=str(self._path)))
        try:
            with _one_at_a_time:
                self._document = pdfium.PdfDocument(str(self._path))
                count = len(self._document)
        except pdfium.PdfiumError as error:
            raise DeviceError(_UNREADABLE(file=str(self._path), fault=str(error))) from error
        if count == 0:
            raise DeviceError(_EMPTY(file=str(self._path)))
        self._rendered.clear()
        self._unshowable.clear()
        self._shown = None
        with self._lock:
            self._pages, self._page = count, min(self._page, count)

    def read(self) -> None:
        """Show the page that is wanted, or render one ahead, or wait."""
        self._turned.clear()
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
        document, self._document = self._document, None
        self._rendered.clear()
        if document is not None:
            with _one_at_a_time:
                document.close()

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
        pdfium = _pdfium()
        try:
            with _one_at_a_time:
                leaf = self._document[page - 1]
                width, height = leaf.get_size()
                scale = min(self._size[0] / width, self._size[1] / height, _LARGEST / max(width, height))
                pixels = leaf.render(scale=scale, rev_byteorder=True, prefer_bgrx=True).to_numpy()
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels[..., :3]), format="rgb24")
                leaf.close()
        except (pdfium.PdfiumError, ZeroDivisionError, ValueError) as error:
            raise DeviceError(_BAD_PAGE(page=page, file=str(self._path), fault=str(error))) from error
        return frame.reformat(format="yuv420p", dst_colorspace="ITU601", dst_color_range="MPEG")


def _pdfium() -> Any:
    """The library that renders PDF; DeviceError with what to install where it is missing."""
    try:
        import pypdfium2
    except ImportError as error:
        raise DeviceError(_NO_LIBRARY()) from error
    return pypdfium2
