"""The message catalogue: sentences for people, with a code, so that a page can show them in another language.

A ``Wording`` is a template: English text with gaps, and a code. Filled in, it is a ``Sentence``: a string that also has
its code and its values. The Chinese of each code is in
``web/locales/reasons.zh.json``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypedDict

__all__ = ["Quoted", "Reason", "Sentence", "Wording", "reason_of"]

_GAP = re.compile(r"\{([a-z_]+)\}")
_BETWEEN = "; "
"""What stands between the items of a list that fills a gap."""

Filling = str | int | Sequence[str]
"""What fills a gap: text, a number, another sentence, or a list of these."""


class Reason(TypedDict):
    """What a sentence is made of, as the control protocol shows it: enough to say it in another language."""

    code: str
    """Names the sentence to programs, such as `camera.busy`."""
    params: dict[str, str | int | Quoted | list[str | int | Quoted]]
    """What fills its gaps, by their names."""


class Quoted(TypedDict):
    """A sentence within a sentence."""

    sentence: str
    reason: Reason | None


class Sentence(str):
    """A sentence in English, with its ``code`` and the ``params`` that fill its gaps."""

    code: str
    params: Mapping[str, Filling]

    def __new__(cls, text: str, code: str, params: Mapping[str, Filling]) -> Sentence:
        """Join a text to what it was made of."""
        sentence = super().__new__(cls, text)
        sentence.code = code
        sentence.params = dict(params)
        return sentence


class Wording:
    """A sentence with gaps, such as ``Wording("camera.busy", "The camera '{camera}' is used by another program.")``.

    Called with the values for its gaps, each by its name, it gives the ``Sentence``. KeyError where one is missing.
    Braces around anything but a word in small letters are text.
    """

    def __init__(self, code: str, text: str) -> None:
        self._code = code
        self._text = text

    def __call__(self, **params: Filling) -> Sentence:
        """The sentence with its gaps filled."""
        return Sentence(_GAP.sub(lambda gap: _spoken(params[gap[1]]), self._text), self._code, params)


def reason_of(sentence: str | None) -> Reason | None:
    """What a sentence is made of, as the control protocol shows it: its code and values; None for any other text."""
    if not isinstance(sentence, Sentence):
        return None
    return {"code": sentence.code, "params": {name: _described(value) for name, value in sentence.params.items()}}


def _spoken(value: Filling) -> str:
    return str(value) if isinstance(value, str | int) else _BETWEEN.join(value)


def _described(value: Filling) -> str | int | Quoted | list[str | int | Quoted]:
    return _described_item(value) if isinstance(value, str | int) else [_described_item(item) for item in value]


def _described_item(value: str | int) -> str | int | Quoted:
    match value:
        case Sentence():
            return {"sentence": str(value), "reason": reason_of(value)}
        case str():
            return str(value)
        case _:
            return value
