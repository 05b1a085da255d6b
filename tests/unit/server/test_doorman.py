from __future__ import annotations

from urllib.parse import unquote_to_bytes

from hypothesis import example, given
from hypothesis import strategies as st

from classroom.server.doorman import tidy_head
from classroom.signaling.wire import RAW_TARGET_HEADER

targets = st.binary(min_size=1, max_size=200).map(lambda raw: raw.replace(b"\r\n", b"")).filter(bool)


@given(targets, st.sampled_from([b"HTTP/1.0", b"HTTP/1.1"]))
@example(b"/sign_in?a HTTP/1.0 b", b"HTTP/1.0")
@example(b" ", b"HTTP/1.1")
@example(b"/sign_in?100%", b"HTTP/1.0")
def test_any_target_becomes_plain_and_can_be_read_back(target: bytes, version: bytes) -> None:
    head = tidy_head(b"GET " + target + b" " + version + b"\r\nHost: x\r\n\r\n", b"own")
    line, _, fields = head.partition(b"\r\n")
    assert head.isascii()
    assert len(line.split(b" ")) == 3
    assert not any(byte < 0x20 or byte == 0x7F for byte in line)
    assert head.endswith(b"Host: x\r\n\r\n")
    name = RAW_TARGET_HEADER.encode() + b": "
    kept = fields.removeprefix(name).partition(b"\r\n")[0] if fields.startswith(name) else None
    assert (unquote_to_bytes(kept) if kept is not None else line.split(b" ")[1]) == target


@given(st.binary(max_size=300))
@example(b"GET / HTTP/1.1\r\nX-Classroom-Target: /a\r\nx-classroom-target: /b\r\n\r\n")
def test_any_head_stays_a_head(raw: bytes) -> None:
    head = tidy_head(raw.replace(b"\r\n\r\n", b"") + b"\r\n\r\n", b"own:1")
    assert head.endswith(b"\r\n\r\n")
    assert tidy_head(head, b"own:1").count(b"\r\nHost: own:1") <= 1


def test_the_last_of_forged_targets_is_removed_too() -> None:
    forged = b"GET / HTTP/1.0\r\nX-Classroom-Target: /a\r\nA: b\r\nx-classroom-target:/b\r\n\r\n"
    assert tidy_head(forged, b"h") == b"GET / HTTP/1.0\r\nA: b\r\n\r\n"
