"""``/send``: the page of a device that was invited to send one source, and the link that invites it.

The key stands behind the ``#`` of the link, which browsers send to nobody.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Final, TypedDict
from urllib.parse import quote

from classroom.server.join_code import qr_code

__all__ = ["SEND_PATH", "InvitationLink", "invitation"]

SEND_PATH: Final = "/send"


class InvitationLink(TypedDict):
    """The reply to `source.invite`: where the page of the device is found."""

    path: str
    """The path and the fragment of the link."""
    address: str | None
    """The whole link with https; null where the lesson has no https."""
    code: str | None
    """The QR code of `address`, as a data URL of SVG."""


def invitation(source: str, key: str, secure_addresses: Sequence[str]) -> InvitationLink:
    """A link for a device, as ``source.invite`` answers; ``secure_addresses`` are those of the page with https.

    A browser gives its camera to pages with https only, so without one there is no address and no QR code.
    """
    fragment = f"#source={quote(source, safe='')}&key={quote(key, safe='')}"
    address = f"{secure_addresses[0]}{fragment}" if secure_addresses else None
    code = None if address is None else f"data:image/svg+xml;base64,{base64.b64encode(qr_code(address)).decode()}"
    return {"path": f"{SEND_PATH}{fragment}", "address": address, "code": code}
