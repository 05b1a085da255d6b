"""What is wrong with the parameters of a command, from pydantic's errors to sentences that a page can translate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from classroom.common.sentences import Sentence, Wording

__all__ = ["sentence_of"]

_WRONG = Wording("params.wrong", "{faults}.")
_OTHER = Wording("params.other", "'{name}': {fault}")

_FAULTS: Final[Mapping[str, Wording]] = {
    "missing": Wording("params.missing", "'{name}' is missing"),
    "extra_forbidden": Wording("params.unknown", "'{name}' is not a parameter of this method"),
    "string_type": Wording("params.text", "'{name}': input should be a valid string"),
    "string_too_short": Wording("params.short", "'{name}': string should have at least {min_length} characters"),
    "string_too_long": Wording("params.long", "'{name}': string should have at most {max_length} characters"),
    "int_type": Wording("params.whole", "'{name}': input should be a valid integer"),
    "float_type": Wording("params.number", "'{name}': input should be a valid number"),
    "finite_number": Wording("params.finite", "'{name}': input should be a finite number"),
    "bool_type": Wording("params.switch", "'{name}': input should be a valid boolean"),
    "literal_error": Wording("params.choice", "'{name}': input should be one of {expected}"),
    "greater_than_equal": Wording("params.least", "'{name}': input should be greater than or equal to {ge}"),
    "less_than_equal": Wording("params.most", "'{name}': input should be less than or equal to {le}"),
    "greater_than": Wording("params.more", "'{name}': input should be greater than {gt}"),
}
"""By the type of the error (https://docs.pydantic.dev/latest/errors/validation_errors/); gaps are of its context."""


def sentence_of(fault: ValidationError) -> Sentence:
    """All that is wrong, each thing once."""
    faults = [_fault(each) for each in fault.errors(include_url=False)]
    return _WRONG(faults=list(dict.fromkeys(faults)))


def _fault(detail: ErrorDetails) -> Sentence:
    name = ".".join(str(step) for step in detail["loc"][:1])
    wording = _FAULTS.get(detail["type"])
    if wording is None:
        return _OTHER(name=name, fault=f"{detail['msg'][:1].lower()}{detail['msg'][1:]}")
    context = {key: _written(value) for key, value in detail.get("ctx", {}).items()}
    return wording(name=name, **context)


def _written(value: object) -> str:
    # What a choice is of comes as "'cut' or 'fade'".
    return f"{value:g}" if isinstance(value, float) else str(value).replace(" or ", ", ")
