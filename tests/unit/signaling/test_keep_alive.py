"""A connection whose other end is gone is noticed by the system."""

from __future__ import annotations

import asyncio
import socket
from types import SimpleNamespace
from typing import cast

import pytest

from classroom.signaling.keep_alive import keep_alive


def transport(sock: object) -> asyncio.BaseTransport:
    return cast(asyncio.BaseTransport, SimpleNamespace(get_extra_info=lambda name: {"socket": sock}[name]))


def test_a_dead_machine_is_found_out_in_about_a_minute() -> None:
    with socket.socket() as sock:
        keep_alive(transport(sock))
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        names = ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT")
        if not all(hasattr(socket, name) for name in names):
            pytest.skip("this system has only its own times")
        idle, between, count = (sock.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)) for name in names)
        assert 45 <= idle + between * count <= 75


def test_where_there_is_no_socket_and_where_it_is_closed_nothing_happens() -> None:
    keep_alive(transport(None))
    closed = socket.socket()
    closed.close()
    keep_alive(transport(closed))
