"""Any text gives a request or an error with a standard code, never another exception."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.common.errors import CommandError
from classroom.control import json_rpc as messages

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        messages.parse(text)
    except CommandError as fault:
        assert fault.code in {messages.PARSE_ERROR, messages.INVALID_REQUEST}


@given(json_values, json_values, json_values, json_values)
def test_any_object_is_read_or_refused(version: object, method: object, params: object, identity: object) -> None:
    text = json.dumps({"jsonrpc": version, "method": method, "params": params, "id": identity})
    try:
        request = messages.parse(text)
    except CommandError as fault:
        messages.error(None, fault.code, fault.message)
        return
    assert request.method == method
    assert json.loads(messages.result(request.id, {}))["id"] == identity


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", messages.PARSE_ERROR),
        ("{", messages.PARSE_ERROR),
        ('{"jsonrpc":"2.0","id":NaN,"method":"x"}', messages.PARSE_ERROR),
        ("[" * 100_000, messages.PARSE_ERROR),
        ("[]", messages.INVALID_REQUEST),
        ("3", messages.INVALID_REQUEST),
        ('{"id":1,"method":"x"}', messages.INVALID_REQUEST),
        ('{"jsonrpc":"2.0","id":true,"method":"x"}', messages.INVALID_REQUEST),
        ('{"jsonrpc":"2.0","id":1,"method":7}', messages.INVALID_REQUEST),
        ('{"jsonrpc":"2.0","id":1,"method":"x","params":"y"}', messages.INVALID_REQUEST),
    ],
)
def test_what_is_wrong_has_its_code(text: str, code: int) -> None:
    with pytest.raises(CommandError) as caught:
        messages.parse(text)
    assert caught.value.code == code


def test_half_a_surrogate_can_be_answered() -> None:
    request = messages.parse('{"jsonrpc":"2.0","id":"\\ud800","method":"x"}')
    assert messages.result(request.id, {}).encode()


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_json_is_never_sent(number: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        messages.notification("meters", {"level": number})
