"""The texts of the pages: both languages complete, and no key used that is not there, none there that is not used."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from classroom.common.paths import web_folder

WEB = web_folder()
LANGUAGES = ("en", "zh")

_IN_CODE = re.compile(r"""(?:\bt|\.has|[lL]og\.add)\(\s*(?:[\w!=' ]+\?\s*)?['`]([\w.$\-{}]+)['`]""")
_SECOND_CHOICE = re.compile(r"""(?:\bt|[lL]og\.add)\([^()]*\?\s*'([\w.\-]+)'\s*:\s*'([\w.\-]+)'""")
_AS_ARGUMENT = re.compile(r"""'((?:unit|log|figure)\.[\w.\-]+)'""")
_IN_MARKUP = re.compile(r"""data-(?:text|label|tip)="([\w.\-]+)\"""")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def _texts(language: str) -> dict[str, str | dict[str, str]]:
    texts: dict[str, str | dict[str, str]] = json.loads((WEB / "locales" / f"{language}.json").read_text("utf-8"))
    return texts


def _sources() -> list[Path]:
    folders = ("lib", "send", "student", "teacher")
    return [path for folder in folders for path in (WEB / folder).rglob("*") if path.suffix != ".d.ts"]


def _used() -> tuple[set[str], set[str]]:
    """Whole keys, and beginnings of keys whose rest is only known at run time."""
    found: set[str] = set()
    for path in _sources():
        if path.suffix == ".js":
            text = path.read_text("utf-8")
            found |= set(_IN_CODE.findall(text)) | set(_AS_ARGUMENT.findall(text))
            found |= {key for pair in _SECOND_CHOICE.findall(text) for key in pair}
        elif path.suffix == ".html":
            found |= set(_IN_MARKUP.findall(path.read_text("utf-8")))
    return {key for key in found if "$" not in key}, {key.split("$")[0] for key in found if "$" in key}


def test_both_languages_have_the_same_keys() -> None:
    assert list(_texts("en")) == list(_texts("zh"))


def test_every_used_key_is_there() -> None:
    whole, beginnings = _used()
    there = set(_texts("en"))
    assert len(whole) > 80, "the search for used keys finds too little to mean anything"
    assert whole - there == set()
    assert {begin for begin in beginnings if not any(key.startswith(begin) for key in there)} == set()
    assert "" not in beginnings, "a key made wholly at run time cannot be checked"


def test_every_key_is_used() -> None:
    whole, beginnings = _used()
    assert {key for key in _texts("en") if key not in whole and not key.startswith(tuple(beginnings))} == set()


def test_texts_have_the_same_placeholders() -> None:
    english, chinese = _texts("en"), _texts("zh")

    def placeholders(text: str | dict[str, str]) -> set[str]:
        return set(_PLACEHOLDER.findall(text if isinstance(text, str) else text["other"]))

    assert {key for key in english if placeholders(english[key]) != placeholders(chinese[key])} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_plurals_have_the_forms_of_their_language(language: str) -> None:
    forms = {"en": {"one", "other"}, "zh": {"other"}}[language]
    plurals = [text for text in _texts(language).values() if isinstance(text, dict)]
    assert plurals
    assert all(set(text) == forms for text in plurals)


def test_chinese_is_chinese() -> None:
    """A text that was forgotten in English has no Chinese character; a few consist of figures and units only."""
    same = {
        key
        for key, text in _texts("zh").items()
        if isinstance(text, str) and text and not re.search(r"[\u4e00-\u9fff]", text)
    }
    assert same == {"unit.kbits", "unit.percent", "unit.count", "unit.db", "unit.db_word", "error.between"}


@pytest.mark.parametrize("state", ["live", "starting", "lost", "failed"])
def test_every_source_state_has_a_name(state: str) -> None:
    assert f"source_state.{state}" in _texts("en")


def test_all_that_the_log_of_a_page_gives_as_a_reason_is_in_words() -> None:
    watchdog = (WEB / "lib" / "watchdog.js").read_text("utf-8")
    [reasons] = re.findall(r"@typedef \{((?:'[a-z-]+'(?: \| )?)+)\} Reason", watchdog)
    states = ("new", "connecting", "connected", "disconnected", "failed", "closed")
    for language in LANGUAGES:
        texts = _texts(language)
        assert {f"log.reason.{each}" for each in re.findall("[a-z-]+", reasons)} <= texts.keys()
        assert {f"log.connection.{each}" for each in states} <= texts.keys()
