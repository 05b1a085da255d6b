"""Finds a font of this machine that has all characters of a text."""

from __future__ import annotations

import platform
import shutil
import subprocess
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from PIL import ImageFont, features

from classroom.common.errors import DeviceError
from classroom.common.sentences import Sentence, Wording

__all__ = ["Font", "find_font"]

Font = ImageFont.FreeTypeFont

_KNOWN: Final = {
    "Linux": (
        "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
        "/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf",
        "/usr/share/fonts/TTF/DejaVuSans.ttf",
        "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
        "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
        "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
        "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    ),
    "Darwin": (
        "/System/Library/Fonts/HelveticaNeue.ttc",
        "/System/Library/Fonts/Helvetica.ttc",
        "/System/Library/Fonts/PingFang.ttc",
        "/System/Library/Fonts/Hiragino Sans GB.ttc",
        "/System/Library/Fonts/STHeiti Medium.ttc",
        "/Library/Fonts/Arial Unicode.ttf",
        "/System/Library/Fonts/Supplemental/Arial Unicode.ttf",
    ),
    "Windows": (
        "C:/Windows/Fonts/segoeui.ttf",
        "C:/Windows/Fonts/arial.ttf",
        "C:/Windows/Fonts/msyh.ttc",
        "C:/Windows/Fonts/msyh.ttf",
        "C:/Windows/Fonts/simhei.ttf",
        "C:/Windows/Fonts/simsun.ttc",
        "C:/Windows/Fonts/malgun.ttf",
        "C:/Windows/Fonts/YuGothM.ttc",
    ),
}

_NO_CHARACTER: Final = "\U0010ffff"
"""A code point that no font draws: what a font shows for it, it shows for every missing character."""

_PROBE_SIZE: Final = 20

_NO_FONT_ON_LINUX: Final = Wording(
    "font.missing_on_linux",
    "No font on this computer has the characters {characters} of the card. Install one (Debian, Ubuntu: "
    "sudo apt install {package}), or leave them out.",
)
_NO_FONT_ON_A_MAC: Final = Wording(
    "font.missing_on_mac",
    "No font on this computer has the characters {characters} of the card. Install one with Font Book, or "
    "leave them out.",
)
_NO_FONT_ON_WINDOWS: Final = Wording(
    "font.missing_on_windows",
    "No font on this computer has the characters {characters} of the card. Install one in Settings, "
    "Personalisation, Fonts, or leave them out.",
)
_NO_FONT: Final = Wording(
    "font.missing",
    "No font on this computer has the characters {characters} of the card. Install one, or leave them out.",
)
_NO_EMOJI: Final = Wording(
    "font.no_emoji",
    "Emoji, here {characters}, cannot be drawn on cards and straps. Leave them out, or show a picture that has them.",
)
_NO_ONE_FONT: Final = Wording(
    "font.no_one_font",
    "No single font on this computer has all the characters of the text; {characters} are in another one. Write such "
    "languages on cards or straps of their own.",
)
_NO_RIGHT_TO_LEFT: Final = Wording(
    "font.no_right_to_left",
    "Text from right to left, here {characters}, cannot be drawn: the library FriBiDi is missing. Install it (Debian, "
    "Ubuntu: sudo apt install libfribidi0), or show a picture of the text.",
)

_EMOJI: Final = (("\U0001f000", "\U0001faff"), ("\ufe0f", "\ufe0f"))
_RIGHT_TO_LEFT: Final = frozenset({"R", "AL"})
"""Directions of letters (UAX #9); without FriBiDi, Pillow draws them from left to right and unjoined."""


def find_font(text: str) -> Font:
    """The first font of this machine that has every character of the text; DeviceError when there is none.

    The same where the text cannot be drawn in its direction.
    """
    turned = "".join(sorted({each for each in text if unicodedata.bidirectional(each) in _RIGHT_TO_LEFT}))
    if turned and not features.check("raqm"):
        raise DeviceError(_NO_RIGHT_TO_LEFT(characters=_shown(turned)))
    wanted = sorted({character for character in text if not character.isspace()})
    best: list[str] | None = None
    for font in _candidates("".join(wanted)):
        missing = _missing(font, wanted)
        if not missing:
            return font
        if best is None or len(missing) < len(best):
            best = missing
    missing = best if best is not None else wanted
    raise DeviceError(_advice("".join(missing), elsewhere=len(missing) < len(wanted) and _has_font(missing)))


def _has_font(characters: list[str]) -> bool:
    """Whether a font of this machine has these."""
    return any(not _missing(font, characters) for font in _candidates("".join(characters)))


def _candidates(text: str) -> Iterator[Font]:
    if text.isascii():
        yield from _fontconfig("sans-serif:lang=en")
    else:
        # fontconfig takes the characters themselves, as hexadecimal code points, and answers with a font that has most.
        yield from _fontconfig("sans-serif:charset=" + " ".join(f"{ord(character):x}" for character in text))
        yield from _fontconfig("sans-serif:lang=zh-cn")
    for path in _KNOWN.get(platform.system(), ()):
        yield from _load(Path(path), 0)
    built_in = ImageFont.load_default(size=_PROBE_SIZE)
    if isinstance(built_in, ImageFont.FreeTypeFont):
        yield built_in


def _fontconfig(pattern: str) -> Iterator[Font]:
    """What fontconfig would use for a pattern; nothing where it is not installed, such as on Windows."""
    program = shutil.which("fc-match")
    if program is None:
        return
    command = [program, "--format=%{file}\n%{index}", pattern]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return
    file, _, index = answer.partition("\n")
    # Variable fonts carry the number of a named style in the upper half; FreeType wants the face alone.
    yield from _load(Path(file), int(index or 0) & 0xFFFF)


def _load(path: Path, index: int) -> Iterator[Font]:
    if not path.is_file():
        return
    try:
        yield ImageFont.truetype(str(path), _PROBE_SIZE, index=index)
    except OSError:
        return


def _missing(font: Font, characters: list[str]) -> list[str]:
    """The characters that the font shows as its sign for a missing one."""
    unknown = _shape(font, _NO_CHARACTER)
    return [character for character in characters if _shape(font, character) == unknown]


def _shape(font: Font, character: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(character)
    return mask.size, bytes(mask)


def _shown(characters: str) -> str:
    return characters[:12] + ("…" if len(characters) > 12 else "")


def _advice(missing: str, *, elsewhere: bool) -> Sentence:
    """What to do about characters that the best font lacks; ``elsewhere``: another font has them, and not the rest."""
    shown = _shown(missing)
    if any(first <= character <= last for character in missing for first, last in _EMOJI):
        return _NO_EMOJI(characters=shown)
    if elsewhere:
        return _NO_ONE_FONT(characters=shown)
    wide = any("\u2e80" <= character <= "\U0003ffff" for character in missing)
    package = "fonts-wqy-microhei" if wide else "fonts-noto-core"
    match platform.system():
        case "Linux":
            return _NO_FONT_ON_LINUX(characters=shown, package=package)
        case "Darwin":
            return _NO_FONT_ON_A_MAC(characters=shown)
        case "Windows":
            return _NO_FONT_ON_WINDOWS(characters=shown)
    return _NO_FONT(characters=shown)
