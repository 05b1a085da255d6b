"""The security headers of every page: it loads from here only, runs no inline script, and is not shown in frames.

So a name or a chat line that gets into a page as markup by mistake still runs nothing and reaches no other host, and
another site cannot put something over our page and have a teacher click on it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

__all__ = ["SECURITY", "page_headers"]

_HOST: Final = re.compile(r"[a-z0-9_.-]{1,253}(?::[0-9]{1,5})?", re.IGNORECASE)


def _policy(*connect: str) -> str:
    return "; ".join(
        (
            "default-src 'self'",
            " ".join(("connect-src 'self'", *connect)),
            "img-src 'self' data: blob:",
            "media-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


SECURITY: Final = {
    "Content-Security-Policy": _policy(),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # for browsers that know no frame-ancestors
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",  # ask each time, but by ETag: a new version shows at once and costs nothing
}
"""The head of every page and of every error: nothing comes from elsewhere, and nothing is guessed."""


def page_headers(*servers: str, websockets_at: Sequence[str] = ()) -> dict[str, str]:
    """The head of a page that talks to others too.

    Args:
        servers: origins that it may ask.
        websockets_at: the Host fields of the request. ``'self'`` stands for websockets too, but not in Safari before
            15.4, which wants them named.
    """
    hosts = [each for each in websockets_at if _HOST.fullmatch(each)]
    named = [f"{scheme}://{host}" for host in hosts[:1] for scheme in ("ws", "wss")]
    return {**SECURITY, "Content-Security-Policy": _policy(*servers, *named)}
