from __future__ import annotations

import sys

import pytest

from classroom.server import descriptors
from classroom.server.descriptors import connections_that_fit
from classroom.webrtc.ice.interfaces import Interfaces

if sys.platform == "win32":
    pytest.skip("this system has no such limit", allow_module_level=True)

import resource


class Limits:
    """The system's limit of open files, for one process."""

    def __init__(self, soft: int, hard: int) -> None:
        self.now = (soft, hard)

    def getrlimit(self, kind: int) -> tuple[int, int]:
        return self.now

    def setrlimit(self, kind: int, limits: tuple[int, int]) -> None:
        soft, _ = limits
        if self.now[1] != resource.RLIM_INFINITY and soft > self.now[1]:
            raise ValueError("current limit exceeds maximum limit")
        self.now = limits


@pytest.mark.parametrize(
    ("soft", "hard", "fits", "after"),
    [
        (1024, 1_048_576, 4000, 4856),
        (1024, 4096, 3240, 4096),
        (256, 1024, 192, 1024),
        (256, 512, 64, 512),
        (1024, resource.RLIM_INFINITY, 4000, 4856),
        (65_536, 65_536, 4000, 65_536),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, 4000, resource.RLIM_INFINITY),
    ],
)
def test_the_limit_is_raised_as_far_as_it_may(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, fits: int, after: int
) -> None:
    limits = Limits(soft, hard)
    monkeypatch.setattr(resource, "getrlimit", limits.getrlimit)
    monkeypatch.setattr(resource, "setrlimit", limits.setrlimit)
    monkeypatch.setattr(descriptors, "interfaces", lambda: Interfaces(("192.0.2.1", "2001:db8::1")))
    assert connections_that_fit(4000, 200) == fits
    assert limits.now[0] == after


def test_a_limit_that_is_too_low_is_told(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    limits = Limits(256, 300)
    monkeypatch.setattr(resource, "getrlimit", limits.getrlimit)
    monkeypatch.setattr(resource, "setrlimit", limits.setrlimit)
    assert connections_that_fit(4000, 200) == 16
    assert "ulimit -n" in caplog.text


@pytest.mark.parametrize("addresses", [1, 2, 6])
def test_a_socket_for_each_address_counts(monkeypatch: pytest.MonkeyPatch, addresses: int) -> None:
    limits = Limits(4096, 4096)
    monkeypatch.setattr(resource, "getrlimit", limits.getrlimit)
    monkeypatch.setattr(resource, "setrlimit", limits.setrlimit)
    monkeypatch.setattr(descriptors, "interfaces", lambda: Interfaces(("192.0.2.1",) * addresses))
    assert connections_that_fit(4000, 300) == 4096 - 256 - 300 * (1 + addresses)
    assert connections_that_fit(4000) == 4096 - 256
