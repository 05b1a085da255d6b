from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from classroom.server.connection_limit import ConnectionLimit
from classroom.server.port_sharing import SharedPort, SharedPortConnection, normalised_head
from classroom.signaling.wire import RawTarget

targets = st.binary(min_size=1, max_size=200).map(lambda raw: raw.replace(b"\r\n", b"")).filter(bool)


@given(targets, st.sampled_from([b"HTTP/1.0", b"HTTP/1.1"]))
@example(b"/sign_in?a HTTP/1.0 b", b"HTTP/1.0")
@example(b" ", b"HTTP/1.1")
@example(b"/sign_in?100%", b"HTTP/1.0")
def test_any_target_becomes_plain_and_what_was_sent_is_told(target: bytes, version: bytes) -> None:
    head, raw = normalised_head(b"GET " + target + b" " + version + b"\r\nHost: x\r\n\r\n", b"own")
    line, _, fields = head.partition(b"\r\n")
    assert head.isascii()
    assert len(line.split(b" ")) == 3
    assert not any(byte < 0x20 or byte == 0x7F for byte in line)
    assert fields == b"Host: x\r\n\r\n"
    coded = line.split(b" ")[1]
    assert raw == (None if coded == target else RawTarget(coded.decode(), target))


@given(st.binary(max_size=300))
@example(b"GET / HTTP/1.1\r\nX: /a\r\nx: /b\r\n\r\n")
def test_any_head_stays_a_head(raw: bytes) -> None:
    head, _ = normalised_head(raw.replace(b"\r\n\r\n", b"") + b"\r\n\r\n", b"own:1")
    assert head.endswith(b"\r\n\r\n")
    assert normalised_head(head, b"own:1")[0].count(b"\r\nHost: own:1") <= 1


class Gone(asyncio.Transport):
    """A connection whose other end has reset it between accept and the first word."""

    aborted = False

    def get_extra_info(self, name: str, default: object = None) -> Any:
        return ("192.0.2.1", 50000) if name == "peername" else default

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert bytes(data).startswith(b"HTTP/1.1 503 ")

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        raise OSError(107, "Transport endpoint is not connected")

    def abort(self) -> None:
        self.aborted = True


async def test_who_is_gone_before_being_turned_away_is_no_fault() -> None:
    gate = ConnectionLimit(connections=0, per_address=0)
    transport = Gone()
    SharedPortConnection(SharedPort(lambda target, to_control: asyncio.Protocol(), gate), None).connection_made(
        transport
    )
    assert transport.aborted
