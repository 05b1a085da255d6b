"""Whatever bytes a peer sends, they are read or refused with a WireError."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.common.errors import WireError
from classroom.webrtc import messages
from classroom.webrtc.messages import (
    Accepted,
    Answer,
    Bye,
    Candidate,
    Closed,
    Ended,
    FromPage,
    Hello,
    IceFault,
    IceServerEntry,
    IceServersRenewed,
    KeyFrameWanted,
    Offer,
    PictureSize,
    Refused,
    RestartWanted,
    Statistics,
    ToPage,
    ToTeacher,
    Waiting,
    Welcome,
    encode,
    parse,
    read,
    to_json,
)

LINE = "candidate:1467250027 1 udp 2122260223 192.168.0.196 46243 typ host generation 0"


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        parse(body)
    except WireError:
        pass


@given(
    st.dictionaries(
        st.sampled_from(["type", "sdp", "candidate", "sdpMid", "sdpMLineIndex", "app", "ticket", "device", "loss"]),
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
        | st.sampled_from(["answer", "hello", "classroom", "statistics", LINE]),
    )
)  # fmt: skip
def test_any_object_is_read_or_refused(value: dict[str, object]) -> None:
    try:
        parse(json.dumps(value).encode())
    except WireError:
        pass


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"BYE", Bye()),
        (b'{"sdp" : "v=0", "type" : "answer"}\n', Answer("v=0")),
        (json.dumps({"candidate": LINE, "sdpMLineIndex": 0, "sdpMid": "audio_label"}).encode(),
         Candidate(LINE, "audio_label", 0)),
        (json.dumps({"candidate": LINE, "sdpMLineIndex": 1}).encode(), Candidate(LINE, None, 1)),
        (json.dumps({"candidate": "", "sdpMid": "0"}).encode(), Candidate("", "0", None)),
        (b'{"type":"hello","app":"classroom","version":1}', Hello("", "")),
        (b'{"type":"ice-fault","code":401,"url":"turn:a"}', IceFault(401)),
        (b'{"type":"ice-fault","code":null}', IceFault(None)),
        (b'{"type":"hello","app":"classroom","ticket":"a","device":"b"}', Hello("a", "b")),
        (b'{"type":"hello","app":"classroom","ticket":7,"device":"%s"}' % (b"x" * 65), Hello("", "")),
        (b'{"type":"hello","app":"classroom","can_send":"insecure"}', Hello("", "", "insecure")),
        (b'{"type":"hello","app":"classroom","can_send":{"microphone":true,"camera":"yes"}}',
         Hello("", "", {"microphone": True, "camera": False})),
        (b'{"type":"hello","app":"classroom","can_send":["microphone"]}', Hello("", "")),
        (b'{"type":"key-frame"}', KeyFrameWanted()),
        (b'{"type":"restart"}', RestartWanted()),
        (b'{"type":"size","width":640,"height":360}', PictureSize(640, 360)),
        (b'{"type":"statistics","latency":0.04,"loss":7}', Statistics(None, None)),
        (b'{"type":"statistics","latency":{"p50":0.04,"p95":0.05,"clock":0.001},"shows":{"sound":"loud"}}',
         Statistics({"p50": 0.04, "p95": 0.05, "clock": 0.001, "sound": None}, None)),
        (b'{"type":"statistics","latency":{"p50":null,"p95":null,"clock":0.1,"sound":{"p50":0.1,"p95":0.2}},"shows":7}',
         Statistics({"p50": None, "p95": None, "clock": 0.1, "sound": {"p50": 0.1, "p95": 0.2}}, None)),
        (b'{"type":"statistics","latency":{"p50":-1,"p95":2,"clock":0.1},"shows":{"width":1e9,"height":"a","fps":29.97,'
         b'"freezes":true,"sound":"off"}}',
         Statistics(None, {"width": 0, "height": 0, "fps": 29.97, "freezes": 0, "sound": "off"})),
    ],
)  # fmt: skip
def test_messages_are_read(body: bytes, expected: object) -> None:
    assert parse(body) == expected


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"[1]",
        b"[" * 5000,
        b'{"type":"offer-loopback"}',
        b'{"type":"answer"}',
        b'{"type":"ice-fault","code":"401"}',
        b'{"type":"ice-fault","code":true}',
        b'{"type":"ice-fault","code":1e9}',
        b'{"type":"ice-fault","code":800}',
        b'{"candidate":"not a candidate","sdpMid":"0"}',
        b'{"candidate":"","sdpMLineIndex":null}',
        b'{"type":"hello","app":"other"}',
        b'{"type":"size","width":640}',
        b'{"type":"size","width":640,"height":-1}',
        b'{"type":"size","width":1e3,"height":100000}',
        b'{"type":"size","width":true,"height":100}',
    ],
)
def test_what_cannot_be_understood_is_refused(body: bytes) -> None:
    with pytest.raises(WireError):
        parse(body)


def test_a_candidate_may_have_a_kibibyte() -> None:
    def line(length: int) -> bytes:
        padded = f"{LINE} ufrag {'u' * (length - len(LINE) - len(' ufrag '))}"
        return json.dumps({"candidate": padded, "sdpMid": "0", "sdpMLineIndex": 0}).encode()

    assert isinstance(parse(line(1024)), Candidate)
    with pytest.raises(WireError, match="too long"):
        parse(line(1025))


@pytest.mark.parametrize(
    ("line", "most"),
    [("a=ssrc:{} cname:x\r\n", 990), ("a=candidate:{} 1 udp 1 10.0.0.1 9 typ host\r\n", 256), ("m=video 9\r\n", 8)],
)
def test_a_description_that_would_take_long_to_read_is_refused(line: str, most: int) -> None:
    for sdp in ("".join(map(line.format, range(most))), "v=0\n" + line.replace("\r\n", "\n").format(1) * most):
        assert parse(json.dumps({"type": "answer", "sdp": sdp}).encode()) == Answer(sdp)
    # All that the parser takes for the end of a line counts.
    for end in ("\r\n", "\n", "\x0b", "\u2028"):
        with pytest.raises(WireError):
            parse(json.dumps({"type": "answer", "sdp": "v=0\n" + line.replace("\r\n", end) * (most + 12)}).encode())


def test_what_is_long_is_not_even_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []

    def loads(text: bytes) -> object:
        read.append(len(text))
        return json_loads(text)

    json_loads = json.loads
    monkeypatch.setattr(json, "loads", loads)
    filled = b'{"type": "restart", "filler": "%s"}'
    fits = filled % (b"x" * (messages.LONGEST_BODY - len(filled % b"")))
    assert parse(fits) == RestartWanted()
    assert read == [messages.LONGEST_BODY]
    with pytest.raises(WireError, match="too long"):
        parse(fits + b" ")
    assert len(read) == 1


SERVERS: list[IceServerEntry] = [{"urls": ["turn:a"], "username": "u", "credential": "c"}]


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (Offer("v=0"), '{"sdp": "v=0", "type": "offer"}'),
        (
            Welcome(title="Algebra", language=None, ticket="t", ice_servers=SERVERS),
            '{"type": "welcome", "version": 1, "title": "Algebra", "language": null, "ticket": "t", '
            '"ice_servers": [{"urls": ["turn:a"], "username": "u", "credential": "c"}]}',
        ),
        (
            Waiting(title="Algebra", language="zh"),
            '{"type": "waiting", "version": 1, "title": "Algebra", "language": "zh"}',
        ),
        (IceServersRenewed([]), '{"type": "ice_servers", "ice_servers": []}'),
        (Ended(), '{"type": "ended"}'),
        (Refused("full"), '{"type": "refused", "why": "full"}'),
        (Accepted([]), '{"type": "welcome", "ice_servers": []}'),
        (Answer("v=0"), '{"type": "answer", "sdp": "v=0"}'),
        (Closed("replaced"), '{"type": "closed", "why": "replaced"}'),
        (Candidate("", None, 0), '{"candidate": "", "sdpMid": null, "sdpMLineIndex": 0}'),
    ],
)
def test_a_message_is_sent_as_it_always_was(message: FromPage | ToPage | ToTeacher, text: str) -> None:
    assert encode(message) == text


@pytest.mark.parametrize(
    "message",
    [
        Answer("v=0"),
        Candidate(LINE, "0", None),
        Hello("ticket", "device"),
        Hello(),
        KeyFrameWanted(),
        PictureSize(640, 360),
        RestartWanted(),
        IceFault(401),
        IceFault(None),
        Statistics({"p50": 0.25, "p95": 0.5, "clock": 0.001, "sound": None}, None),
        Statistics(None, {"width": 640, "height": 360, "fps": 29.9, "freezes": 2, "sound": "blocked"}),
    ],
)
def test_what_a_page_can_say_is_read(message: FromPage) -> None:
    assert read(to_json(message)) == message
