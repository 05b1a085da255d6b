"""How broadcaster and students find each other: Chromium's ``peerconnection_server`` protocol, made safe.

``room`` is the rules as values, ``wire`` the bytes, ``switchboard`` the room with asyncio around it, ``http`` the
addresses, ``access`` who may sign in, ``member`` what the broadcaster holds. docs/signaling.md is the protocol for
people who write clients.
"""

from classroom.signaling.access import AccessGuard
from classroom.signaling.http import Guard, add_routes
from classroom.signaling.member import Joined, Left, Lost, Member, Message, Peer, PeerEvent, RoomMember
from classroom.signaling.room import Room
from classroom.signaling.switchboard import Switchboard

__all__ = [
    "AccessGuard",
    "Guard",
    "Joined",
    "Left",
    "Lost",
    "Member",
    "Message",
    "Peer",
    "PeerEvent",
    "Room",
    "RoomMember",
    "Switchboard",
    "add_routes",
]
