"""What anybody on the network may take from this computer; the section ``limits`` of a lesson as a plain value."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of one port and its signaling; the defaults are those of the lesson file, which describes each."""

    connections: int = 4000
    connections_per_address: int = 1500
    members: int | None = None
    head: int = 16_384
    head_time: float = 10.0
    body: int = 327_680
    name: int = 512
    queue: int = 256
    messages: float = 50.0
    sign_ins: float = 5.0

    @property
    def queue_bytes(self) -> int:
        """Bytes of messages that may wait for a member, or be on their way from one: 4 MiB, and two of the longest."""
        return max(4 * 1024 * 1024, 2 * self.body)
