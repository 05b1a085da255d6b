"""``classroom teach --relay``: coturn as a child of the lesson, the real one, and what it does and refuses."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import stat
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aioice import stun
from aioice.turn import TCP_TRANSPORT, TurnClientUdpProtocol, create_turn_endpoint, make_integrity_key

from classroom.common.alarms import Alarms
from classroom.common.errors import AddressError
from classroom.lesson import lesson_from_text
from classroom.server.coturn import RELAY_PORTS, own_addresses
from classroom.server.own_relay import OwnRelay, RelayOptions
from classroom.webrtc.ice.credentials import Credential, temporary
from classroom.webrtc.ice.probe import probe
from classroom.webrtc.ice.servers import IceServerAddress, IceServers
from tests.support.broadcast import eventually
from tests.support.process import classroom, teaching
from tests.support.turn import needs_coturn

pytestmark = pytest.mark.usefixtures("coturn")

LESSON = """
sources: {bars: {kind: pattern, size: 320x240, fps: 10}}
scenes: {bars: bars}
program: {size: 320x240, fps: 10}
recording: {start: never}
"""


@pytest.fixture
def coturn() -> None:
    needs_coturn()


@contextlib.asynccontextmanager
async def relaying(
    text: str = LESSON, *, host: str = "::", port: int | None = 0
) -> AsyncIterator[tuple[OwnRelay, Alarms]]:
    lesson = lesson_from_text(text, Path("lesson.yaml")).lesson
    assert lesson is not None
    alarms = Alarms(lambda: None)
    relay = OwnRelay(lesson, host=host, options=RelayOptions(port), alarms=alarms)
    async with contextlib.AsyncExitStack() as stack:
        await relay.open(stack)
        yield relay, alarms


def at(relay: OwnRelay, host: str, transport: str = "tcp") -> IceServerAddress:
    assert transport in ("udp", "tcp")
    return IceServerAddress("", "turn", host, relay.port, "tcp" if transport == "tcp" else "udp", tls=False)


def fresh(relay: OwnRelay, lifetime: float = 60) -> Credential:
    return temporary(relay.secret, label="test", now=time.time(), lifetime=lifetime)


def children() -> list[Path]:
    """The configuration of every coturn of a lesson that runs on this machine, by its command line."""
    lines = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if words[0].endswith(b"turnserver") and b"classroom-relay-" in b" ".join(words):
                lines.append(folder)
    return lines


def child_of(pid: int) -> int | None:
    """The coturn whose parent is a process."""
    for folder in children():
        with contextlib.suppress(OSError):
            if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                return int(folder.name)
    return None


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def told(pid: int, what: str) -> str:
    """What the kernel says of a process."""
    return Path(f"/proc/{pid}/{what}").read_text()


def folders() -> set[Path]:
    """The folders of configurations that lie about."""
    return set(Path(tempfile.gettempdir()).glob("classroom-relay-*"))


@contextlib.asynccontextmanager
async def allocated(relay: OwnRelay, host: str) -> AsyncIterator[TurnClientUdpProtocol]:
    """A relay address of our own, as a student's browser gets one."""
    credential = fresh(relay)
    transport, _ = await create_turn_endpoint(
        asyncio.DatagramProtocol,
        server_addr=(host, relay.port),
        username=credential.username,
        password=credential.password,
        transport="udp",
    )
    try:
        yield transport._TurnTransport__inner_protocol  # type: ignore[attr-defined]
    finally:
        transport.close()


async def permission(client: TurnClientUdpProtocol, peer: str) -> int | None:
    """Ask to be relayed to a peer (RFC 8656, section 9); the error, None when it is granted."""
    request = stun.Message(message_method=stun.Method.CREATE_PERMISSION, message_class=stun.Class.REQUEST)
    request.attributes["XOR-PEER-ADDRESS"] = (peer, 4000)
    try:
        await client.request_with_retry(request)
    except stun.TransactionFailed as fault:
        return fault.response.error_code
    return None


async def test_it_serves_whoever_has_a_password_of_the_lesson_over_udp_and_tcp_in_both_families() -> None:
    async with relaying() as (relay, alarms):
        for host in own_addresses():
            for transport in ("udp", "tcp"):
                assert await probe(at(relay, host, transport), fresh(relay), within=20) is None, (host, transport)
        assert not alarms.raised()


async def test_a_password_that_has_expired_or_is_made_up_is_refused() -> None:
    async with relaying() as (relay, _):
        host = own_addresses()[0]
        assert await probe(at(relay, host), fresh(relay, lifetime=-5), within=20) == "refused"
        made_up = temporary("a guess", label="test", now=time.time(), lifetime=60)
        assert await probe(at(relay, host), made_up, within=20) == "refused"
        assert await probe(at(relay, host), None, within=20) == "refused"
        # One of a second is good for a second.
        short = fresh(relay, lifetime=2)
        assert await probe(at(relay, host), short, within=20) is None
        await asyncio.sleep(4)
        assert await probe(at(relay, host), short, within=20) == "refused"


async def test_it_relays_to_this_computer_and_to_nobody_else() -> None:
    async with relaying() as (relay, _):
        own = own_addresses()[0]
        async with allocated(relay, own) as client:
            assert await permission(client, own) is None
            neighbour = own.rpartition(".")[0] + (".77" if not own.endswith(".77") else ".78")
            for other in (neighbour, "127.0.0.1", "10.0.0.1", "192.168.1.1", "8.8.8.8", "224.0.0.251", "0.0.0.0"):
                assert await permission(client, other) == 403, other
            assert client.relayed_address is not None
            assert client.relayed_address[1] in RELAY_PORTS


async def test_one_student_cannot_take_all_its_ports_with_passwords_of_different_times() -> None:
    async with relaying() as (relay, _), contextlib.AsyncExitStack() as stack:
        host = own_addresses()[0]
        for each in range(32):
            credential = temporary(relay.secret, label="student-1", now=time.time() + each, lifetime=60)
            transport, _protocol = await create_turn_endpoint(
                asyncio.DatagramProtocol,
                server_addr=(host, relay.port),
                username=credential.username,
                password=credential.password,
                transport="udp",
            )
            stack.callback(transport.close)
        credential = temporary(relay.secret, label="student-1", now=time.time() + 99, lifetime=60)
        assert await probe(at(relay, host), credential, within=20) == "full"
        other = temporary(relay.secret, label="student-2", now=time.time(), lifetime=60)
        assert await probe(at(relay, host), other, within=20) is None


async def test_whoever_comes_by_ipv6_is_relayed_by_ipv6() -> None:
    six = [each for each in own_addresses() if ":" in each]
    if not six:
        pytest.skip("this machine has no IPv6 but its own")
    async with relaying() as (relay, _), allocated(relay, six[0]) as client:
        assert client.relayed_address is not None
        assert client.relayed_address[0] == six[0]
        assert await permission(client, six[0]) is None
        for other in ("2001:db8::77", "::1", "ff02::fb", "fe80::1", "::ffff:10.0.0.1"):
            assert await permission(client, other) in (400, 403), other


async def test_it_relays_no_tcp_to_anybody() -> None:
    """A relay for TCP (RFC 6062) would lead to every service of this computer."""
    async with relaying() as (relay, _):
        credential = fresh(relay)
        reader, writer = await asyncio.open_connection(own_addresses()[0], relay.port)

        async def ask(request: stun.Message) -> stun.Message:
            writer.write(bytes(request))
            await writer.drain()
            head = await asyncio.wait_for(reader.readexactly(20), 20)
            return stun.parse_message(head + await reader.readexactly(int.from_bytes(head[2:4])))

        def allocation() -> stun.Message:
            request = stun.Message(message_method=stun.Method.ALLOCATE, message_class=stun.Class.REQUEST)
            request.attributes["REQUESTED-TRANSPORT"] = TCP_TRANSPORT
            return request

        try:
            challenge = await ask(allocation())
            request = allocation()
            realm = str(challenge.attributes["REALM"])
            request.attributes["USERNAME"] = credential.username
            request.attributes["REALM"] = realm
            request.attributes["NONCE"] = challenge.attributes["NONCE"]
            request.add_message_integrity(make_integrity_key(credential.username, realm, credential.password))
            answer = await ask(request)
            assert answer.message_class == stun.Class.ERROR
            assert answer.error_code in (400, 403, 442)
        finally:
            writer.close()


async def test_the_secret_is_in_no_command_line_and_in_no_file_once_it_runs() -> None:
    seen: list[int] = []
    before = folders()
    original = Path.write_text

    def watched(path: Path, *given: object, **named: object) -> int:
        seen.append(stat.S_IMODE(path.stat().st_mode) if path.exists() else -1)
        return original(path, *given, **named)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "write_text", watched)
        async with relaying() as (relay, _):
            assert relay.process is not None
            line = told(relay.process.pid, "cmdline")
            assert "turnserver" in line
            assert relay.secret not in line
            assert relay.secret not in told(relay.process.pid, "environ")
            assert folders() <= before
    assert seen == [0o600], "the file is for nobody else from its first moment"


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root has something to give up")
async def test_it_is_not_roots() -> None:
    async with relaying() as (relay, _):
        assert relay.process is not None
        status = told(relay.process.pid, "status")
        uids = next(line for line in status.splitlines() if line.startswith("Uid:")).split()[1:]
        assert "0" not in uids


async def test_it_is_started_again_when_it_dies_and_the_passwords_stay_good() -> None:
    async with relaying() as (relay, alarms):
        port, first, credential = relay.port, relay.process, fresh(relay, lifetime=600)
        assert first is not None
        first.kill()
        await eventually(lambda: [each.code for each in alarms.raised()] == ["relay.stopped"])
        await eventually(lambda: not alarms.raised())
        assert relay.process is not first
        assert relay.port == port
        assert await probe(at(relay, own_addresses()[0]), credential, within=20) is None


async def test_it_is_started_anew_for_another_address_of_this_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = own_addresses()
    monkeypatch.setattr("classroom.server.own_relay._LOOKED_EVERY", 0.1)
    async with relaying() as (relay, alarms):
        first = relay.process
        monkeypatch.setattr("classroom.server.own_relay.own_addresses", lambda: [*addresses, "127.0.0.9"])
        await eventually(lambda: relay.process not in (None, first))
        await eventually(lambda: relay.process is not None and is_listening("127.0.0.9", relay.port))
        async with allocated(relay, addresses[0]) as client:
            assert await permission(client, addresses[0]) is None
        assert not alarms.raised()


def is_listening(host: str, port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((host, port), 5):
        return True
    return False


async def test_it_takes_the_next_port_where_the_usual_one_is_taken_and_says_so_where_a_named_one_is() -> None:
    with contextlib.ExitStack() as stack:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            holder = stack.enter_context(socket.socket(socket.AF_INET, kind))
            with contextlib.suppress(OSError):  # somebody else has it, which does as well
                holder.bind(("0.0.0.0", 3478))
        async with relaying(port=None) as (relay, _):
            assert 3479 <= relay.port <= 3497
            assert {url.partition("?")[0].rpartition(":")[2] for url in relay.urls()} == {str(relay.port)}
        with pytest.raises(AddressError, match="The relay cannot have port 3478: it is taken"):
            async with relaying(port=3478):
                pass


async def test_pages_are_told_the_address_from_which_this_computer_answers_them_and_the_public_name() -> None:
    own = own_addresses()
    async with relaying() as (relay, _):
        for address in own:
            host = f"[{address}]" if ":" in address else address
            assert relay.urls(address) == [f"turn:{host}:{relay.port}?transport={way}" for way in ("udp", "tcp")]
        assert relay.urls("127.0.0.1") == relay.urls("") == relay.urls("nobody knows")
        assert any(f"turn:{own[0]}:" in url for url in relay.urls())
    async with relaying("server: {address: 'https://lesson.example'}\n" + LESSON) as (relay, _):
        assert relay.urls(own[0])[0] == f"turn:lesson.example:{relay.port}?transport=udp"
        assert f"turn:{own[0]}:{relay.port}?transport=tcp" in relay.urls(own[0])


async def test_a_relay_where_the_lesson_is_for_this_computer_says_so() -> None:
    async with relaying(host="127.0.0.1") as (relay, _):
        assert relay.is_for_this_computer_only
    async with relaying() as (relay, _):
        assert not relay.is_for_this_computer_only
    async with teaching("config/demo.yaml", "--port", "0", "--relay", "--relay-port", "0") as running:
        await eventually(lambda: "The relay serves this computer only, as the lesson does." in "\n".join(running.log))
        assert "Open port" not in "\n".join(running.log)


async def test_the_servers_of_the_lesson_stay_beside_it() -> None:
    text = "ice: {servers: [{urls: 'stun:stun.example:3478'}]}\n" + LESSON
    lesson = lesson_from_text(text, Path("lesson.yaml")).lesson
    assert lesson is not None
    async with relaying(text) as (relay, _):
        servers = IceServers(lesson.ice, own=relay)
        stun_server, turn = servers.for_page("student-1")
        assert stun_server == {"urls": ["stun:stun.example:3478"]}
        assert turn["urls"] == relay.urls()
        assert str(turn["username"]).endswith(":student-1")
        assert relay.secret not in str(turn)
        assert servers.refresh_after == relay.lifetime * 0.75
        # Our own viewers are what it relays to; they ask it for nothing.
        assert [each.urls for each in servers.for_viewer()] == ["stun:stun.example:3478"]


async def test_it_ends_with_the_lesson() -> None:
    async with teaching("config/demo.yaml", "--port", "0", "--relay-port", "0", host="0.0.0.0") as lesson:
        [line] = [line for line in lesson.lines if line.startswith("Teacher:")]
        pid = await found(lesson.process.pid)
        lesson.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(lesson.process.wait(), 60) == 0
        assert line
        assert not is_running(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere another process looks after it")
async def test_it_ends_with_a_lesson_that_is_killed() -> None:
    async with teaching("config/demo.yaml", "--port", "0", "--relay-port", "0", host="0.0.0.0") as lesson:
        pid = await found(lesson.process.pid)
        await lesson.kill()
        await eventually(lambda: not is_running(pid))


async def found(parent: int) -> int:
    await eventually(lambda: child_of(parent) is not None)
    pid = child_of(parent)
    assert pid is not None
    return pid


async def test_the_terminal_tells_the_ports(tmp_path: Path) -> None:
    async with teaching("config/demo.yaml", "--port", "0", "--relay-port", "0", host="0.0.0.0") as lesson:
        within = f"The UDP ports {RELAY_PORTS[0]} to {RELAY_PORTS[-1]} are used within this computer only."
        await eventually(
            lambda: any(within in line for line in lesson.log)
        )  # a line may be read before its end is written
        [told] = [line for line in lesson.log if "for TCP, and for UDP if you can" in line]
        port = told.split()[2]
        assert is_listening(own_addresses()[0], int(port))
        assert within in told


async def test_without_coturn_one_sentence_says_how_to_install_it(tmp_path: Path) -> None:
    code = (
        "import sys; from classroom.server import coturn; coturn.shutil.which = lambda *_, **__: None; "
        "from classroom.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, "teach", "config/demo.yaml", "--relay", "--port", "0",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 1
    assert out == b""
    assert err.decode().count("\n") == 1
    assert "--relay needs coturn, and its program turnserver was not found. Install it" in err.decode()
    assert (await classroom("teach", "--relay-port", "x")).code == 2
