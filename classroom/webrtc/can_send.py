"""What a student could send if the teacher asked: a browser has a microphone and a camera for some pages only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias, TypedDict

__all__ = ["CanSend", "SendingDevices", "read_can_send"]


class SendingDevices(TypedDict):
    """What a page has, as far as browsers say before anybody allows it."""

    microphone: bool
    camera: bool


CanSend: TypeAlias = SendingDevices | Literal["insecure", "unsupported"]
"""Or why a page can send nothing: it came over http, or its browser has no such thing."""


def read_can_send(value: object) -> CanSend | None:
    """What a page says that it could send; None where it does not say."""
    if value == "insecure" or value == "unsupported":
        return value
    if not isinstance(value, Mapping):
        return None
    return {"microphone": value.get("microphone") is True, "camera": value.get("camera") is True}
