"""YAML 1.2 core rules: what a word without quotes means.

PyYAML follows YAML 1.1, where ``12:30`` is 750, ``on`` and ``no`` are booleans and ``010`` is eight, while editors
follow 1.2. See https://yaml.org/spec/1.2.2/#103-core-schema.
"""

from __future__ import annotations

import re

__all__ = ["Scalar", "resolve"]

Scalar = str | int | float | bool | None

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEAN = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_DECIMAL = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"[-+]?\.(inf|Inf|INF)")
_NOT_A_NUMBER = re.compile(r"\.(nan|NaN|NAN)")

_LONGEST_NUMBER = 40
"""Digits of a number; nothing in a lesson needs more, and Python refuses to read very long ones."""


def resolve(text: str) -> Scalar:
    """The value of a plain scalar; a number of absurd length stays text."""
    if text in _NULL:
        return None
    if text in _BOOLEAN:
        return _BOOLEAN[text]
    if len(text) > _LONGEST_NUMBER or not text.isascii():
        return text
    if _DECIMAL.fullmatch(text):
        return int(text)
    if _OCTAL.fullmatch(text):
        return int(text[2:], 8)
    if _HEXADECIMAL.fullmatch(text):
        return int(text[2:], 16)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _INFINITE.fullmatch(text):
        return float(text.replace(".", ""))
    if _NOT_A_NUMBER.fullmatch(text):
        return float("nan")
    return text
