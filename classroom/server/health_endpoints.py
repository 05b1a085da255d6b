"""The two reports for people who monitor the lesson: ``/healthz`` and ``/metrics``."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable, Mapping

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from classroom.common.limited_log import LimitedLog
from classroom.common.throttle import GuessLimiter, Throttle, TooManyGuesses, limit_key
from classroom.server.client_address import client_of

__all__ = ["add_reports"]

logger = logging.getLogger(__name__)


def add_reports(
    app: web.Application,
    *,
    health: Callable[[], Mapping[str, object]],
    metrics: CollectorRegistry,
    metrics_token: str | None = None,
) -> None:
    """Serve ``/healthz`` and ``/metrics`` from an application.

    Args:
        app: the application.
        health: what ``/healthz`` reports; called for each request.
        metrics: what ``/metrics`` reports, to this machine or to who has the token.
        metrics_token: the bearer token for ``/metrics``; None: this machine only.
    """
    reports = _Reports(health, metrics, metrics_token)
    app.router.add_get("/healthz", reports.healthz)
    app.router.add_get("/metrics", reports.metrics)


class _Reports:
    def __init__(
        self, health: Callable[[], Mapping[str, object]], registry: CollectorRegistry, token: str | None
    ) -> None:
        self._health = health
        self._registry = registry
        self._token = token
        self._guesses = GuessLimiter(Throttle(), forgives=True)
        self._log = LimitedLog(logger)

    async def healthz(self, request: web.Request) -> web.Response:
        return web.json_response(dict(self._health()), headers={"Cache-Control": "no-store"})

    async def metrics(self, request: web.Request) -> web.Response:
        if not (client_of(request).is_this_machine or await self._has_token(request)):
            raise web.HTTPForbidden(text="The metrics are for this machine, or with a bearer token.\n")
        return web.Response(
            body=generate_latest(self._registry),
            headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4, "Cache-Control": "no-store"},
        )

    async def _has_token(self, request: web.Request) -> bool:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if self._token is None or scheme.lower() != "bearer":
            return False
        asker, token = request.remote or "", self._token.encode()

        def is_right() -> bool:
            right = hmac.compare_digest(given.strip().encode("utf-8", "surrogateescape"), token)
            if not right:
                self._log.warn("a wrong token for the metrics from %s", asker, by=limit_key(asker))
            return right

        try:
            return await self._guesses.is_right(asker, given, is_right)
        except TooManyGuesses:
            raise web.HTTPTooManyRequests(
                text="Too many wrong tokens come from this address. Wait a moment.\n"
            ) from None
