"""A PDF file whose pages become pictures.

A page is drawn at the very size at which the program shows it, so that nothing resamples it afterwards. Filled-in
forms, ticked boxes and signatures are drawn with it, as every viewer does.
"""

from __future__ import annotations

import io
import logging
import os
import threading
import zipfile
from pathlib import Path
from typing import Any, Final

import av
import numpy as np

from classroom.common.errors import DeviceError
from classroom.common.paths import read_file
from classroom.common.sentences import Wording
from classroom.director.layout import Rectangle, fit

__all__ = ["PdfFile"]

_KEPT_IN_MEMORY: Final = 256 << 20
"""Octets. A file up to this size is read whole and not kept open: it can be saved again on every system, and nothing
that happens to it or to its network folder reaches the pages. A larger one stays open."""

_one_at_a_time = threading.Lock()
"""PDFium must not be called from two threads at once, and every slides source has threads of its own."""

_WRONG_PASSWORD: Final = 4
_UNKNOWN_PROTECTION: Final = 5
"""FPDF_ERR_PASSWORD and FPDF_ERR_SECURITY of fpdfview.h."""

_NOT_FOUND: Final = Wording("slides.not_found", "The slides {file} were not found. Check the path in the lesson file.")
_NOT_OPENED: Final = Wording("slides.not_opened", "The slides {file} cannot be opened: {fault}.")
_UNREADABLE: Final = Wording(
    "slides.unreadable", "The slides {file} are damaged, or are not a PDF. Save them as PDF again."
)
_OTHER_PROGRAM: Final = Wording(
    "slides.other_program",
    "The slides {file} are a file of {program}, not a PDF. Export them as PDF, and write the name of that file.",
)
_EMPTY: Final = Wording("slides.empty", "The slides {file} have no pages. Save them as PDF again.")
_LOCKED: Final = Wording(
    "slides.locked",
    'The slides {file} need a password. Write password: "${SLIDES_PASSWORD}" for them in the lesson file, and set that '
    "environment variable.",
)
_BAD_PASSWORD: Final = Wording(
    "slides.bad_password",
    "The password of the slides {file} is wrong. Check the key password in the lesson file, or the environment "
    "variable that it names.",
)
_PROTECTED: Final = Wording(
    "slides.protected",
    "The slides {file} have a protection that is not supported. Save them as PDF without it, or with a password only.",
)
_BAD_PAGE: Final = Wording("slides.bad_page", "Page {page} of {file} cannot be shown. Save the slides as PDF again.")
_NO_LIBRARY: Final = Wording(
    "slides.no_library",
    "The part of classroom that draws slides is missing. Install classroom again, as its README says.",
)

_PROGRAMS: Final = {
    "PowerPoint": (".ppt", ".pptx", ".pptm", ".pps", ".ppsx"),
    "LibreOffice": (".odp", ".odt", ".odg"),
    "Keynote": (".key",),
    "Word": (".doc", ".docx"),
}
_CONTENTS: Final = {"ppt/": "PowerPoint", "word/": "Word", "Index/": "Keynote", "content.xml": "LibreOffice"}
"""What is in the archives that these programs write."""


class PdfFile:
    """An open PDF file; ``pages`` is how many pages it has, at least one.

    Every method may block, and may be called from any thread, ``close`` as the last one.
    """

    def __init__(self, path: Path, password: str | None = None) -> None:
        """Open a file; DeviceError, with what to do, when it is missing, is no PDF or has another password."""
        self._path = path
        self._pdfium = _library()
        content = self._content()
        try:
            with _one_at_a_time:
                self._document = self._pdfium.PdfDocument(path if content is None else content, password=password)
                self._document.init_forms()
                self.pages = len(self._document)
        except (self._pdfium.PdfiumError, OSError) as error:
            raise self._fault(error, content or b"", password) from error
        if not self.pages:
            self.close()
            raise DeviceError(_EMPTY(file=str(path)))

    def picture(self, page: int, size: tuple[int, int]) -> av.VideoFrame:
        """A page, counted from 1, as large as it fits into ``size`` (width, height in pixels) in even pixels.

        DeviceError when it cannot be drawn.
        """
        try:
            with _one_at_a_time:
                frame = av.VideoFrame.from_ndarray(self._pixels(page, size), format="rgb24")
        except (self._pdfium.PdfiumError, ZeroDivisionError, ValueError, OverflowError) as error:
            raise DeviceError(_BAD_PAGE(page=page, file=str(self._path))) from error
        return frame.reformat(format="yuv420p", dst_colorspace="ITU601", dst_color_range="MPEG")

    def close(self) -> None:
        """Close the file."""
        with _one_at_a_time:
            self._document.close()

    def _pixels(self, page: int, size: tuple[int, int]) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """A page as RGB, of shape (height, width, 3)."""
        raw = self._pdfium.raw
        leaf = self._document[page - 1]
        try:
            wide, high = leaf.get_size()
            place = fit(wide, high, Rectangle(0, 0, *size))
            width, height = place.width, place.height
            bitmap = self._pdfium.PdfBitmap.new_native(width, height, raw.FPDFBitmap_BGRx, rev_byteorder=True)
            bitmap.fill_rect((255, 255, 255, 255), 0, 0, width, height)
            drawing = (bitmap, leaf, 0, 0, width, height, 0, raw.FPDF_ANNOT | raw.FPDF_REVERSE_BYTE_ORDER)
            raw.FPDF_RenderPageBitmap(*drawing)
            if self._document.formenv is not None:
                raw.FPDF_FFLDraw(self._document.formenv, *drawing)
            return np.ascontiguousarray(bitmap.to_numpy()[..., :3])
        finally:
            leaf.close()

    def _content(self) -> bytes | None:
        """What is in the file; None for one that is too large to be kept in memory."""
        try:
            if self._path.stat().st_size > _KEPT_IN_MEMORY:
                return None
            return read_file(self._path, _KEPT_IN_MEMORY)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise DeviceError(_NOT_FOUND(file=str(self._path))) from error
        except (OSError, ValueError) as error:
            fault = getattr(error, "strerror", None) or "the name is not a file name"
            raise DeviceError(_NOT_OPENED(file=str(self._path), fault=fault)) from error

    def _fault(self, error: Exception, content: bytes, password: str | None) -> DeviceError:
        """What is wrong with the file, never in the library's words."""
        file = str(self._path)
        match getattr(error, "err_code", None):
            case code if code == _WRONG_PASSWORD:
                return DeviceError((_BAD_PASSWORD if password else _LOCKED)(file=file))
            case code if code == _UNKNOWN_PROTECTION:
                return DeviceError(_PROTECTED(file=file))
        program = _program_of(self._path, content)
        return DeviceError(_UNREADABLE(file=file) if program is None else _OTHER_PROGRAM(file=file, program=program))


def _program_of(path: Path, content: bytes) -> str | None:
    """The program whose own file this is, and not a PDF; None where that is not known."""
    if content.startswith(b"PK"):
        try:
            names = zipfile.ZipFile(io.BytesIO(content)).namelist()
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
            names = []
        for start, program in _CONTENTS.items():
            if any(name.startswith(start) for name in names):
                return program
    if b"%PDF-" in content[:1024]:
        return None
    suffix = os.path.splitext(path.name)[1].lower()
    return next((program for program, suffixes in _PROGRAMS.items() if suffix in suffixes), None)


def _library() -> Any:
    """The library that draws PDF; DeviceError where it is missing."""
    try:
        import pypdfium2
    except (ImportError, OSError) as error:
        raise DeviceError(_NO_LIBRARY()) from error
    # It tells the developer how to build another one, where a form is of a kind that it does not draw.
    logging.getLogger("pypdfium2").setLevel(logging.ERROR)
    return pypdfium2
