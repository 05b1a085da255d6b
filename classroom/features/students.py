"""Keeps the audience in step with the signaling: who came, who left, and what was said."""

from __future__ import annotations

import contextlib
from typing import assert_never

from classroom.common.tasks import run_supervised
from classroom.signaling.member import Joined, Left, Lost, Member, Message
from classroom.students.audience import Audience

__all__ = ["attend"]


async def attend(stack: contextlib.AsyncExitStack, member: Member, audience: Audience, title: str) -> None:
    """Sign in as the lesson's broadcaster, and let the audience hear of everybody until the stack unwinds."""
    peers = await member.sign_in(title)
    stack.push_async_callback(member.sign_out)
    for peer in peers:
        audience.joined(peer.id, peer.display_name, peer.address)

    async def listen() -> None:
        async for event in member.events():
            match event:
                case Joined(peer):
                    audience.joined(peer.id, peer.display_name, peer.address)
                case Left(peer):
                    await audience.left(peer.id)
                case Lost(peer):
                    await audience.lost(peer.id)
                case Message(peer_id, body):
                    await audience.message(peer_id, body)
                case _:
                    assert_never(event)

    run_supervised(stack, "signaling", listen)
