"""The one port that serves pages, signaling and control, and what lies on it.

``doorman`` looks at each connection's first request and hands it to aiohttp or websockets; ``site`` starts and stops
the port; ``pages`` are the files and reports that a browser or a monitor asks for. ``certificates``, made by an
``authority`` or given, and ``tls`` are for the same port with https, ``trust`` explains whom to trust there, ``join``
and ``announce`` tell where the lesson is.
"""

from classroom.server.pages import add_pages
from classroom.server.site import Site

__all__ = ["Site", "add_pages"]
