"""Which candidates of a peer are taken: what can be read, what is of use, and whom it may be sent to."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.common.errors import WireError
from classroom.webrtc.candidates import is_local_name, may_be_sent_to, read_candidate

LINE = "candidate:1467250027 1 udp 2122260223 192.168.0.196 46243 typ host generation 0 ufrag abcd network-id 1"
NETWORKS = [ipaddress.ip_network("192.168.7.0/24"), ipaddress.ip_network("10.0.0.4/30")]


def test_a_candidate_is_read_as_browsers_write_it() -> None:
    found = read_candidate(LINE)
    assert found is not None
    assert (found.ip, found.port, found.type, found.protocol) == ("192.168.0.196", 46243, "host", "udp")
    hidden = read_candidate("a=candidate:1 1 UDP 2 0f1a-22.local 50000 typ host")
    assert hidden is not None
    assert is_local_name(hidden.ip)


@pytest.mark.parametrize(
    "line",
    [
        "candidate:1 1 tcp 1518280447 192.168.0.196 9 typ host tcptype active",
        "candidate:1 2 udp 2122260222 192.168.0.196 46243 typ host",
        "candidate:1 1 udp 2122260222 192.168.0.196 0 typ host",
        "candidate:1 1 udp 2122260222 192.168.0.196 46243 typ prflx",
    ],
)
def test_what_is_of_no_use_here_is_left_out(line: str) -> None:
    assert read_candidate(line) is None


@pytest.mark.parametrize(
    "line",
    [
        "",
        "candidate",
        "candidate:1 1 udp",
        "candidate:1 1 udp 2122260222 192.168.0.196 65536 typ host",
        "candidate:1 1 udp 99999999999 192.168.0.196 9 typ host",
        "candidate:1 1 udp -1 192.168.0.196 9 typ host",
        "candidate:1 1 udp 1 192.168.0.196 ٩ typ host",
        "candidate:1 1 udp 1 192.168.0.196 9 typ other",
        "candidate:1 1 udp 1 192.168.0.196 9 typ host " + "x" * 1024,
    ],
)
def test_what_is_none_is_refused(line: str) -> None:
    with pytest.raises(WireError):
        read_candidate(line)


@given(
    st.text(max_size=80) | st.builds("candidate:1 1 udp 1 {} {} typ host {}".format, st.text(), st.text(), st.text())
)
def test_any_line_is_read_or_refused(line: str) -> None:
    try:
        read_candidate(line)
    except WireError:
        pass


@pytest.mark.parametrize("host", ["192.168.0.196", "10.0.0.5", "8.8.8.8", "fd00::2", "2001:db8::1", "192.168.7.254"])
def test_addresses_of_one_computer_may_be_checked(host: str) -> None:
    assert may_be_sent_to(host, networks=NETWORKS)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "0.1.2.3", "::", "255.255.255.255", "240.0.0.1", "224.0.0.251",
        "239.255.255.250", "ff02::fb", "169.254.169.254", "fe80::1", "fe80::1%eth0", "::ffff:127.0.0.1",
        "::ffff:8.8.8.8", "192.168.7.255", "192.168.7.0", "10.0.0.7", "example.org", "", "1.2.3", "0x7f.1",
    ],
)  # fmt: skip
def test_addresses_of_many_of_this_computer_or_of_none_may_not(host: str) -> None:
    assert not may_be_sent_to(host, networks=NETWORKS)


def test_loopback_is_for_who_is_on_this_computer_and_link_local_for_who_is_on_such_a_link() -> None:
    assert may_be_sent_to("127.0.0.1", near=True)
    assert may_be_sent_to("::1", near=True)
    assert may_be_sent_to("169.254.7.7", ours=["169.254.1.2"])
    assert not may_be_sent_to("169.254.7.7", ours=["192.168.1.2"])


@given(st.ip_addresses().map(str) | st.text(max_size=20))
def test_any_text_is_answered(host: str) -> None:
    assert may_be_sent_to(host, networks=NETWORKS) in (True, False)
