from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFont, features

from classroom.common.clock import ManualClock
from classroom.common.errors import DeviceError
from classroom.media.sources import draw_card, fallback_card, fonts
from classroom.media.sources.card import Card
from tests.support.odd_files import ODD_FILES, odd_file

SIZE = (640, 360)


def rgb(frame: av.VideoFrame) -> npt.NDArray[np.int64]:
    return frame.to_ndarray(format="rgb24").astype(np.int64)


def bright(frame: av.VideoFrame, threshold: int = 120) -> tuple[int, int, int, int]:
    """The box (left, top, right, bottom) around everything that is not ground."""
    rows, columns = np.nonzero(rgb(frame).max(axis=2) > threshold)
    assert rows.size, "the card is empty"
    return int(columns.min()), int(rows.min()), int(columns.max()), int(rows.max())


def test_an_empty_card_is_a_calm_dark_ground() -> None:
    frame = draw_card("", "", None, SIZE)
    assert (frame.width, frame.height, frame.format.name) == (*SIZE, "yuv420p")
    assert rgb(frame).max() < 90


def test_the_title_is_large_and_centred() -> None:
    left, top, right, bottom = bright(draw_card("Back at 10:15", "", None, SIZE))
    assert abs((left + right) / 2 - 320) < 8
    assert abs((top + bottom) / 2 - 180) < 20
    assert bottom - top > 25


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Linear algebra and its applications in every science " * 4, "word " * 900),
        ("Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft", "x" * 3000),
        ("线性代数第三周特征值与特征向量" * 6, "课间休息，十点十五分继续。" * 120),
        ("", "one\n\ntwo\nthree"),
        ("A", "\n".join(str(line) for line in range(200))),
    ],
)
def test_long_text_is_wrapped_and_shrunk_until_it_stays_inside_the_margins(title: str, text: str) -> None:
    left, top, right, bottom = bright(draw_card(title, text, None, SIZE))
    assert left >= 24
    assert right <= 640 - 24
    assert top >= 20
    assert bottom <= 360 - 20


def test_shorter_text_is_drawn_larger() -> None:
    short, long = draw_card("", "Ag", None, SIZE), draw_card("", "Ag " * 400, None, SIZE)
    boxes = [bright(frame) for frame in (short, draw_card("", "Ag", None, (640, 180)))]
    assert boxes[0][3] - boxes[0][1] > boxes[1][3] - boxes[1][1]
    assert bright(long)[2] - bright(long)[0] > 400


def test_chinese_characters_are_drawn_and_differ() -> None:
    cards = {rgb(draw_card(title, "", None, SIZE)).tobytes() for title in ("请稍候", "请稍等", "課間休")}
    assert len(cards) == 3


def test_closing_punctuation_does_not_begin_a_line() -> None:
    from classroom.media.sources.card_drawing import _wrap
    from classroom.media.sources.fonts import find_font

    text = "课间休息，十点十五分继续。请准备好讲义（第二章和第三章）、纸和笔。"
    font = find_font(text).font_variant(size=20)
    for width in range(60, 400, 7):
        lines = _wrap(text, font, width)
        assert "".join(lines) == text
        assert not any(line[0] in "，。）、" for line in lines[1:])


@settings(max_examples=40, deadline=None)
@given(text=st.text(st.sampled_from("ab cdé,.，。中文\n\t-"), max_size=80), width=st.integers(40, 300))
def test_wrapping_loses_no_letter_and_keeps_to_the_width(text: str, width: int) -> None:
    from classroom.media.sources.card_drawing import _wrap
    from classroom.media.sources.fonts import find_font

    font = find_font("中é").font_variant(size=20)
    lines = _wrap(text, font, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(font.getlength(line) <= width + 21 for line in lines)


def test_the_image_is_shown_above_the_title_in_its_own_aspect(tmp_path: Path) -> None:
    path = tmp_path / "logo.png"
    Image.new("RGB", (300, 100), (0, 255, 0)).save(path)
    picture = rgb(draw_card("Title", "", path, SIZE))
    rows, columns = np.nonzero((picture[:, :, 1] > 200) & (picture[:, :, 0] < 80))
    width, height = np.ptp(columns) + 1, np.ptp(rows) + 1
    assert width / height == pytest.approx(3.0, abs=0.1)
    assert rows.max() < 250
    white = np.nonzero(picture.min(axis=2) > 200)[0]
    assert white.min() > rows.max()


def test_a_transparent_image_lets_the_ground_through(tmp_path: Path) -> None:
    path = tmp_path / "clear.png"
    Image.new("RGBA", (100, 100), (255, 255, 255, 0)).save(path)
    assert rgb(draw_card("", "", path, SIZE)).max() < 90


@pytest.mark.parametrize("content", [None, b"this is no picture"])
def test_an_image_that_cannot_be_read_is_a_sentence(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "logo.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DeviceError, match=r"logo\.png of the card cannot be read"):
        draw_card("Title", "", path, SIZE)


@pytest.fixture
def no_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with no font of its own: only the one inside Pillow is left."""
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr(fonts, "_KNOWN", {})


@pytest.mark.usefixtures("no_fonts")
def test_without_fonts_a_latin_card_is_drawn_and_a_chinese_one_says_what_to_install() -> None:
    bright(draw_card("Back at 10:15", "", None, SIZE))
    with pytest.raises(DeviceError, match=r"characters 候稍请 .*fonts-wqy-microhei"):
        draw_card("请稍候", "", None, SIZE)


@pytest.mark.usefixtures("no_fonts")
def test_without_fonts_the_chinese_fallback_card_is_the_english_one() -> None:
    assert np.array_equal(rgb(fallback_card("zh", SIZE)), rgb(fallback_card("en", SIZE)))


def test_the_fallback_card_speaks_the_language_of_the_lesson() -> None:
    assert not np.array_equal(rgb(fallback_card("zh", SIZE)), rgb(fallback_card("en", SIZE)))


def test_a_character_that_no_font_has_is_named() -> None:
    with pytest.raises(DeviceError, match="leave them out"):
        draw_card("Private \ue123 sign", "", None, SIZE)


@pytest.mark.parametrize("text", ["Well done \U0001f44b", "\U0001f1e8\U0001f1ed"])
def test_emoji_are_told_as_such_and_no_package_is_named_for_them(text: str) -> None:
    with pytest.raises(DeviceError, match=r"^Emoji, here .* cannot be drawn on cards and straps\. Leave them out"):
        draw_card(text, "", None, SIZE)


def test_languages_that_no_font_has_together_are_told_and_no_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    letters = {"hebrew": "שלום", "chinese": "你好"}
    monkeypatch.setattr(fonts, "_candidates", lambda _: iter(letters))
    monkeypatch.setattr(fonts, "_missing", lambda font, wanted: [each for each in wanted if each not in letters[font]])
    with pytest.raises(
        DeviceError, match=r"^No single font .*; 你好 are in another one\. Write such languages on cards"
    ):
        fonts.find_font("你好 שלום")


def test_text_from_right_to_left_is_drawn_in_its_direction_or_said_not_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "שלום"
    if features.check("raqm"):
        card = rgb(draw_card(text, "", None, SIZE))
        monkeypatch.setattr(ImageFont.core, "HAVE_RAQM", False)
        with monkeypatch.context() as patch:
            # Without the library, the letters have to be put in the other order to look the same.
            patch.setattr(fonts, "_RIGHT_TO_LEFT", frozenset())
            turned, as_written = (
                np.abs(card - rgb(draw_card(letters, "", None, SIZE))).mean() for letters in (text[::-1], text)
            )
        assert turned * 3 < as_written
    monkeypatch.setattr("PIL.features.check", lambda feature: feature != "raqm")
    with pytest.raises(DeviceError, match="FriBiDi is missing"):
        draw_card(f"Shalom: {text}", "", None, SIZE)
    draw_card("Back at 10:15", "", None, SIZE)


def test_a_card_is_delivered_once_and_then_waits() -> None:
    card = Card(name="pause", clock=ManualClock(3.0), title="Pause", size=SIZE)
    card.open()
    card.read()
    assert card.picture is not None
    first = card.picture.newest()
    assert first is not None
    assert first.captured == 3.0
    card.interrupted.set()
    card.read()
    assert card.picture.newest() is first


def test_a_card_that_was_given_up_for_a_moment_is_shown_again() -> None:
    card = Card(name="pause", clock=ManualClock(), title="Back soon", size=(320, 180))
    card.open()
    card.read()
    card.forget()
    card.read()
    assert card.picture is not None
    assert card.picture.newest() is not None
    card.close()


@pytest.mark.parametrize("kind", ODD_FILES)
@pytest.mark.timeout(60)
def test_nobody_waits_for_a_picture_from_a_pipe_or_a_device_and_a_good_one_is_taken_after(
    kind: str, tmp_path: Path
) -> None:
    path = odd_file(kind, tmp_path / "picture.png")
    card = Card(name="card", clock=ManualClock(), size=SIZE, title="", text="", image=path)
    with pytest.raises(DeviceError, match="cannot be read"):
        card.open()
    path.unlink()
    Image.new("RGB", (64, 36), (0, 255, 0)).save(path)
    card.open()
