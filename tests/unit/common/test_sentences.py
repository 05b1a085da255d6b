"""Sentences that know what they say."""

from __future__ import annotations

import copy
import json

import pytest

from classroom.common.alarms import Alarm
from classroom.common.errors import DeviceError
from classroom.common.sentences import Sentence, Wording, reason_of
from classroom.features.alarms import describe

BUSY = Wording("camera.busy", "The camera '{camera}' is used by {count} programs, ${NAME} and {kind: camera}.")


def test_a_wording_fills_its_gaps_and_leaves_other_braces_alone() -> None:
    sentence = BUSY(camera="Desk {count}", count=2)
    assert sentence == "The camera 'Desk {count}' is used by 2 programs, ${NAME} and {kind: camera}."
    assert reason_of(sentence) == {"code": "camera.busy", "params": {"camera": "Desk {count}", "count": 2}}


def test_a_gap_without_a_value_is_noticed_at_once() -> None:
    with pytest.raises(KeyError, match="count"):
        BUSY(camera="Desk")


def test_a_sentence_may_hold_others() -> None:
    why = Wording("file.gone", "{file} is gone")
    whole = Wording("lesson.faults", "Nothing has changed: {faults}.")(faults=[why(file="a"), "and more"])
    assert whole == "Nothing has changed: a is gone; and more."
    assert reason_of(whole) == {
        "code": "lesson.faults",
        "params": {
            "faults": [
                {"sentence": "a is gone", "reason": {"code": "file.gone", "params": {"file": "a"}}},
                "and more",
            ]
        },
    }


def test_text_of_another_origin_has_no_reason() -> None:
    assert reason_of("The disk is full.") is None
    assert reason_of(None) is None


def test_an_error_and_an_alarm_keep_what_their_sentence_is_made_of() -> None:
    error = DeviceError(BUSY(camera="Desk", count=2))
    assert str(error) == error.sentence
    described = describe(Alarm("source.failed", error.sentence, "cam"))
    assert described["reason"] == {"code": "camera.busy", "params": {"camera": "Desk", "count": 2}}
    # The state is copied and sent: it holds plain text.
    assert type(described["sentence"]) is str
    assert json.loads(json.dumps(copy.deepcopy(described))) == described
    assert isinstance(error.sentence, Sentence)
