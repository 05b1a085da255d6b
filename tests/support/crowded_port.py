"""A port in a process of its own with very few open files; run as a program, it prints its port.

``/files`` opens and closes some files, as everything beside connections needs them, and says whether that went well.
"""

from __future__ import annotations

import asyncio
import logging
import resource
import sys
import tempfile
from contextlib import ExitStack

from aiohttp import web

from classroom.common.limits import Limits
from classroom.server.accepting import FileShortage
from classroom.server.connection_limit import ConnectionLimit
from classroom.server.site import Site, SiteSettings


async def files(request: web.Request) -> web.Response:
    """Have six files open at once."""
    with ExitStack() as stack:
        for _ in range(6):
            stack.enter_context(tempfile.TemporaryFile())
    return web.Response(text="well")


async def main(most: int) -> None:
    """Serve until killed."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    app = web.Application()
    app.router.add_get("/files", files)
    site = Site(
        SiteSettings(host="127.0.0.1", port=0, limits=Limits(head_time=600.0)),
        app=app,
        connection_limit=ConnectionLimit(connections=4000, per_address=4000),
        shortage=FileShortage(lambda short: print("short" if short else "over", flush=True)),
    )
    async with site:
        print(site.port, flush=True)
        await asyncio.sleep(600)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(main(int(sys.argv[1])))
