"""The one port that serves pages, signaling and control, and what lies on it.

``port_sharing`` reads each connection's first request and hands the connection to aiohttp or websockets. ``site``
starts and stops the port. ``pages`` serves the files and reports that a browser or a monitoring tool asks for.
``certificates`` (made by an ``authority`` or given as files) and ``tls`` are for https, and ``trust`` explains how to
trust this computer. ``join_code`` and ``announce`` publish the address of the lesson.
"""

from classroom.server.pages import add_pages
from classroom.server.site import Site, SiteSettings

__all__ = ["Site", "SiteSettings", "add_pages"]
