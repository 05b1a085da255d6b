"""The page ``/trust``: why a browser warns about the lesson's https, and how to make it trust this computer.

It needs no script, because it is read on devices that do not trust the lesson yet. The authority's certificate can be
fetched there, and only that: its key never leaves ``own_certificates.py``.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from pathlib import Path
from typing import Final

from aiohttp import web

from classroom.common.paths import web_folder
from classroom.server.authority import Authority, fingerprint
from classroom.server.policy import SECURITY

__all__ = ["CERTIFICATE_PATH", "TRUST_PATH", "add_trust"]

TRUST_PATH: Final = "/trust"
CERTIFICATE_PATH: Final = "/trust/classroom-authority.crt"

_LANGUAGES: Final = ("en", "zh")
_FRESH: Final = {**SECURITY, "Cache-Control": "no-store"}


def add_trust(
    app: web.Application,
    *,
    authority: Callable[[], Authority | None],
    tls_port: Callable[[], int | None],
    language: str,
    folder: Path | None = None,
) -> None:
    """Serve the page and the certificate from an application.

    Args:
        app: the application.
        authority: returns the authority to trust; None where there is nothing to do, and then the page says so.
        tls_port: the port of https, if there is one.
        language: of the page, for browsers that ask for none of our languages.
        folder: where the pages are, when not where they were installed.
    """
    pages = (folder or web_folder()) / "trust"

    async def trust(request: web.Request) -> web.StreamResponse:
        text = _page(request, pages, authority(), tls_port(), _language(request, language))
        headers = {**_FRESH, "Content-Type": "text/html; charset=utf-8", "Vary": "Accept-Language"}
        return web.Response(body=text.encode(), headers=headers)

    async def certificate(request: web.Request) -> web.StreamResponse:
        known = authority()
        if known is None:
            raise web.HTTPNotFound
        # No file name here: Android and iOS then offer to install it, where an attachment is only stored.
        return web.Response(body=known.public_pem(), headers={**_FRESH, "Content-Type": "application/x-x509-ca-cert"})

    app.router.add_get(TRUST_PATH, trust)
    app.router.add_get(CERTIFICATE_PATH, certificate)


def _page(request: web.Request, pages: Path, authority: Authority | None, tls_port: int | None, language: str) -> str:
    """The page in a language, with the certificate and the address that are current."""
    if authority is None or tls_port is None:
        return (pages / f"{language}-nothing.html").read_text("utf-8")
    text = (pages / f"{language}.html").read_text("utf-8")
    host = request.url.host or "localhost"
    for name, value in {
        "fingerprint": fingerprint(authority.certificate),
        "certificate": CERTIFICATE_PATH.lstrip("/"),  # relative: a proxy may show all pages under a path
        "address": f"https://{f'[{host}]' if ':' in host else host}:{tls_port}/",
        "until": f"{authority.certificate.not_valid_after_utc:%Y-%m-%d}",
    }.items():
        text = text.replace(f"{{{{{name}}}}}", html.escape(value))
    return text


def _language(request: web.Request, otherwise: str) -> str:
    """The language asked for in the address, or by the browser, or that of the lesson."""
    preferred = request.headers.get("Accept-Language", "").split(",")
    for each in (request.query.get("lang", ""), *preferred):
        found = each.strip().lower()[:2]
        if found in _LANGUAGES:
            return found
    return otherwise
