"""What real programs write into PDF files is drawn as viewers draw it, sharp, and what cannot be drawn says why."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from classroom.common.errors import DeviceError
from classroom.director.layout import Rectangle, fit
from classroom.media.scale import Scaler
from classroom.media.sources.pdf import PdfFile
from tests.support.pdf_files import FORM_BOXES, form_pdf, text_pdf

A4, LETTER, BEAMER, WIDE, PORTRAIT = (841.89, 595.28), (792, 612), (362.835, 272.126), (960, 540), (595.28, 841.89)


@pytest.mark.parametrize("program", [(1280, 720), (1920, 1080), (640, 360)])
@pytest.mark.parametrize("page", [A4, LETTER, BEAMER, WIDE, PORTRAIT, (3, 3), (14400, 10)])
def test_a_page_of_any_size_is_shown_as_it_was_drawn(
    tmp_path: Path, page: tuple[float, float], program: tuple[int, int]
) -> None:
    """One pixel too much would have the whole page resampled, and its text blurred."""
    file = PdfFile(text_pdf(tmp_path / "a.pdf", page))
    frame = file.picture(1, program)
    file.close()
    place = fit(frame.width, frame.height, Rectangle(0, 0, *program))
    assert (place.width, place.height) == (frame.width, frame.height)
    assert Scaler().yuv420p(frame, place.width, place.height) is frame
    assert frame.width == program[0] or frame.height == program[1]
    assert abs(frame.width / frame.height - page[0] / page[1]) <= 2 / min(frame.width, frame.height) * page[0] / page[1]


def test_text_is_as_sharp_in_an_odd_page_as_in_one_that_fits(tmp_path: Path) -> None:
    def edges(page: tuple[float, float]) -> float:
        file = PdfFile(text_pdf(tmp_path / "a.pdf", page))
        gray = file.picture(1, (1280, 720)).to_ndarray(format="gray").astype(float)
        file.close()
        return float(np.abs(np.diff(gray[:, 60:760])).mean())

    assert edges(BEAMER) == pytest.approx(edges((960, 720)), rel=0.02)


def test_what_was_filled_in_is_drawn(tmp_path: Path) -> None:
    file = PdfFile(form_pdf(tmp_path / "form.pdf"))
    gray = file.picture(1, (400, 300)).to_ndarray(format="gray")
    file.close()
    seen = {name: int(gray[300 - y - 20, x + 40]) for name, (x, y) in FORM_BOXES.items()}
    assert seen == dict.fromkeys(FORM_BOXES, 0)
    assert (gray[60:100, 260:360] < 100).sum() > 100  # the letters of a text that has no picture of its own
    assert gray[10, 10] > 250


def test_a_password_opens_what_asks_for_one(tmp_path: Path) -> None:
    path = text_pdf(tmp_path / "exam.pdf", A4, password="Geheim#1", pages=2)
    file = PdfFile(path, "Geheim#1")
    assert file.pages == 2
    assert file.picture(2, (1280, 720)).to_ndarray(format="gray").min() < 20
    file.close()
    with pytest.raises(DeviceError) as missing:
        PdfFile(path)
    assert str(missing.value) == (
        f'The slides {path} need a password. Write password: "${{SLIDES_PASSWORD}}" for them in the lesson file, and '
        "set that environment variable."
    )
    with pytest.raises(DeviceError, match=r"exam\.pdf is wrong\. Check the key password") as wrong:
        PdfFile(path, "Hemlig#2")
    assert "Hemlig" not in str(wrong.value)
    PdfFile(text_pdf(path, A4), "Hemlig#2").close()  # a password that nothing asks for does no harm


@pytest.mark.parametrize(
    ("name", "inside", "program"),
    [
        ("week3.pptx", "ppt/presentation.xml", "PowerPoint"),
        ("week3.pdf", "ppt/presentation.xml", "PowerPoint"),
        ("week3.odp", "content.xml", "LibreOffice"),
        ("week3.key", "Index/Document.iwa", "Keynote"),
        ("week3.docx", "word/document.xml", "Word"),
        ("week3.ppt", None, "PowerPoint"),
    ],
)
def test_a_file_of_another_program_is_named(tmp_path: Path, name: str, inside: str | None, program: str) -> None:
    path = tmp_path / name
    if inside is None:
        path.write_bytes(bytes.fromhex("D0CF11E0A1B11AE1") + bytes(600))
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(inside, "<x/>")
    with pytest.raises(DeviceError) as caught:
        PdfFile(path)
    assert str(caught.value) == (
        f"The slides {path} are a file of {program}, not a PDF. Export them as PDF, and write the name of that file."
    )


@pytest.mark.parametrize("content", [b"", b"no PDF", b"%PDF-1.4\n%%EOF", b"PK\3\4broken", b"<!doctype html>"])
def test_what_is_no_pdf_says_so_without_the_words_of_a_library(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.pdf"
    path.write_bytes(content)
    with pytest.raises(DeviceError) as caught:
        PdfFile(path)
    assert str(caught.value) == f"The slides {path} are damaged, or are not a PDF. Save them as PDF again."


def test_a_file_that_is_not_there_or_not_readable_says_so(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="were not found"):
        PdfFile(tmp_path / "none.pdf")
    with pytest.raises(DeviceError, match=r"cannot be opened: Is a directory\."):
        PdfFile(tmp_path)
