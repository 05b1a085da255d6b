"""What of an address is shown, and what of it never."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.common.redaction import HIDDEN, misplaced_signs, shown_address, without_secrets
from tests.support.lessons import faults

SECRET = st.text(
    st.characters(min_codepoint=33, max_codepoint=126) | st.sampled_from("/#@?:;&=%\\[]é密"), min_size=6, max_size=24
)
HOSTS = st.sampled_from(["127.0.0.1", "cam.school.example", "[fe80::1]", "10.0.0.7:554"])
SCHEMES = st.sampled_from(["rtsp", "http", "https", "srt", "rtmp", "udp"])
SEPARATORS = st.sampled_from("?#;&")


USERS = st.sampled_from(["ada", "ad/min", "a#b", "a?b", ""])
PATHS = st.sampled_from(["", "/live", "/ch/1"])


@given(SCHEMES, USERS, SECRET, HOSTS, PATHS)
def test_no_password_is_shown_whatever_signs_are_in_it(
    scheme: str, user: str, password: str, host: str, path: str
) -> None:
    shown = shown_address(f"{scheme}://{user}:{password}@{host}{path}")
    rest = shown.removeprefix(f"{scheme}://")
    assert rest == HIDDEN or rest.startswith(host)
    for part in (password, *re.split(r"[/?#@:]", password)):
        assert len(part) < 4 or part in f"{scheme}://{host}{path}" or part not in shown


@given(SCHEMES, HOSTS, SEPARATORS, st.sampled_from(["token", "key", "pass", ""]), SECRET)
def test_nothing_behind_the_path_is_shown(scheme: str, host: str, separator: str, name: str, secret: str) -> None:
    shown = shown_address(f"{scheme}://{host}/live{separator}{name}={secret}")
    assert shown in (f"{scheme}://{host}/live", f"{scheme}://{HIDDEN}")


@given(st.text(max_size=60))
def test_any_text_has_something_to_be_shown(text: str) -> None:
    assert shown_address(text)
    assert misplaced_signs(text) is not None
    without_secrets(text)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://ada:secret@host:554/live?key=1", "rtsp://host:554/live"),
        ("rtsp://admin:Ab/cdSECRET@127.0.0.1:8554/live", "rtsp://…"),
        ("rtsp://admin:Ab#SECRET@127.0.0.1/live", "rtsp://…"),
        ("rtsp://admin:12/34SECRET@127.0.0.1/live", "rtsp://…"),
        ("rtsp://admin:Ab%2FSECRET@127.0.0.1/live", "rtsp://127.0.0.1/live"),
        ("rtsp://admin:a@SECRET@127.0.0.1/live", "rtsp://127.0.0.1/live"),
        ("http://host/x?mail=a@SECRET", "http://…"),
        ("rtsp://host:554/user=admin_password=SECRET_channel=1.sdp", "rtsp://host:554/…"),
        ("https://host/snap/9f86d081884c7d659a2feaa0c55ad015/picture.m3u8", "https://host/snap/…/picture.m3u8"),
        ("rtmp://a.example/live2/abcd-SECRET", "rtmp://a.example/live2/…"),
        ("srt://[fe80::1%eth0]:9000?streamid=SECRET", "srt://[fe80::1%eth0]:9000"),
        ("rtsp://admin:SECRET", "rtsp://…"),
        ("admin:SECRET@host", "…"),
    ],
)
def test_what_is_shown_of_an_address(address: str, shown: str) -> None:
    assert shown_address(address) == shown


@pytest.mark.parametrize(
    ("address", "codes"),
    [
        ("rtsp://admin:Ab/cd@127.0.0.1/live", {"/": "%2F"}),
        ("rtsp://admin:Ab#c?d@127.0.0.1/live", {"?": "%3F", "#": "%23"}),
        ("rtsp://admin:Ab%2Fcd@127.0.0.1/live", {}),
        ("rtsp://admin:Ab@127.0.0.1:554/li@ve", {}),
        ("https://host:8443/@lecture/live.m3u8", {}),
        ("rtsp://host/live", {}),
    ],
)
def test_signs_that_end_a_password_too_early(address: str, codes: dict[str, str]) -> None:
    assert misplaced_signs(address) == codes


SOURCES = "sources: {{a: {source}}}\nscenes: {{a: a}}\n"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ('{kind: stream, url: "rtsp://admin:Ab/SECRET@host/live"}', "has / in its user name or password"),
        ('{kind: stream, url: "rtsp://admin:Ab#SECRET@host/live"}', "write %23 instead"),
        ('{kind: stream, url: "rstp://admin:SECRET@host/live"}', "not 'rstp://host/live'"),
        ('{kind: stream, url: "rtsp:/admin:SECRET@host/live"}', "not '…'"),
        ('{kind: file, path: "rtsp://admin:SECRET@host/live"}', "this is an address"),
    ],
)
def test_check_says_what_is_wrong_with_an_address_and_not_its_password(source: str, said: str) -> None:
    [fault] = faults(SOURCES.format(source=source))
    assert said in fault
    assert "SECRET" not in fault


def test_a_relay_has_its_user_name_beside_its_address() -> None:
    servers = 'ice: {servers: [{urls: "turn:ada:SECRET@host:3478"}]}\n'
    found = faults(SOURCES.format(source="{kind: pattern}") + servers)
    assert any("write them as username and credential" in fault for fault in found)
    assert not any("SECRET" in fault for fault in found)
