"""What is left of a text that is not meant to be read."""

from __future__ import annotations

import re

from classroom.common.visible_text import visible_line

NOTHING = re.compile("(?!)")


def test_a_line_is_short_and_its_letters_bear_few_accents() -> None:
    text = "a" + "\u0301" * 9999 + "b" * 9999
    assert visible_line(text, unseen=NOTHING, marks=2, longest=80) == "á\u0301\u0301"
    assert visible_line("one\ntwo\t three", unseen=NOTHING, marks=2, longest=7) == "one two"


def test_characters_without_a_glyph_stay_only_where_they_are_kept() -> None:
    joined = "می\u200cخواهم"
    assert visible_line(joined, unseen=NOTHING, marks=2, longest=80) == joined.replace("\u200c", "")
    assert visible_line(joined, unseen=NOTHING, marks=2, longest=80, kept="Cf") == joined
