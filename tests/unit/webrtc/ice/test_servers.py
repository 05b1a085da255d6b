"""What pages and viewers are told of the lesson's servers."""

from __future__ import annotations

from typing import Any

from aiortc.rtcicetransport import connection_kwargs

from classroom.lesson.sections import IceModel
from classroom.webrtc.ice.servers import IceServers


def servers(**ice: Any) -> IceServers:
    return IceServers(IceModel.model_validate(ice), wall=lambda: 1_000_000_000.0)


TURN = {"urls": ["turn:b", "turns:b"], "secret": "quiet", "lifetime": 60}


def test_pages_get_all_of_them_and_no_secret() -> None:
    given = servers(
        servers=[{"urls": "stun:a"}, {"urls": ["turn:c"], "username": "u", "credential": "p"}], turn=TURN
    ).for_page("student-7")
    assert given[:2] == [{"urls": ["stun:a"]}, {"urls": ["turn:c"], "username": "u", "credential": "p"}]
    assert given[2]["username"] == "1000000060:student-7"
    assert set(given[2]) == {"urls", "username", "credential"}
    assert "quiet" not in str(given)


def test_pages_get_no_turn_server_at_which_browsers_throw() -> None:
    assert servers(servers=[{"urls": ["stun:a", "turn:a"]}, {"urls": "turn:b"}]).for_page("x") == [{"urls": ["stun:a"]}]


def test_viewers_get_the_first_of_each_kind_that_is_not_failing() -> None:
    ice = servers(
        servers=[{"urls": ["stun:a", "stun:b"]}, {"urls": "turn:c", "username": "u", "credential": "p"}], turn=TURN
    )
    assert [each.urls for each in ice.for_viewer()] == ["stun:a", "turn:c"]
    by_url = {address.url: address for address in ice.addresses}
    ice.set_failing(frozenset({by_url["stun:a"], by_url["turn:c"], by_url["turn:b"]}))
    stun, turn = ice.for_viewer()
    assert (stun.urls, stun.username) == ("stun:b", None)
    assert (turn.urls, turn.username) == ("turns:b", "1000000060:broadcaster")
    ice.set_failing(frozenset(ice.addresses))
    assert ice.for_viewer() == []


def test_addresses_that_only_browsers_read_never_reach_aiortc() -> None:
    ice = servers(servers=[{"urls": ["stuns:a", "turn:[2001:db8::1]:3478", "turns:b?transport=udp", "stun:c:99"],
                            "username": "u", "credential": "p"}])  # fmt: skip
    assert [address.url for address in ice.addresses] == ["stun:c:99"]
    assert connection_kwargs(ice.for_viewer()) == {"stun_server": ("c", 99)}
    [page] = ice.for_page("x")
    assert len(page["urls"]) == 4


def test_defaults_ports_and_transports() -> None:
    ice = servers(turn={"urls": ["turn:a", "turns:a", "turn:a:1?transport=tcp"], "secret": "s"})
    assert [(each.host, each.port, each.transport, each.tls) for each in ice.addresses] == [
        ("a", 3478, "udp", False),
        ("a", 5349, "tcp", True),
        ("a", 1, "tcp", False),
    ]
    [stun] = servers(servers=[{"urls": "stun:a"}]).addresses
    assert (stun.host, stun.port, stun.transport, stun.tls) == ("a", 3478, "udp", False)
    assert ice.refresh_after == 2700
    assert servers().refresh_after is None
