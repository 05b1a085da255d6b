"""An RTSP server with a moving picture and a tone, made of GStreamer; run by the system's own Python, which has it.

``/usr/bin/python3 rtsp_server.py PORT`` serves ``rtsp://127.0.0.1:PORT/board`` until it is killed. Each further
argument such as ``bars=480x360`` adds colour bars of that size at ``/bars``.
"""

from __future__ import annotations

import sys

import gi  # type: ignore[import-not-found]

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # type: ignore[import-not-found]  # noqa: E402

PIPELINE = """
( videotestsrc is-live=true pattern={pattern} ! video/x-raw,width={width},height={height},framerate=25/1
  ! x264enc tune=zerolatency key-int-max=10 ! rtph264pay name=pay0 pt=96
  audiotestsrc is-live=true ! audioconvert ! opusenc ! rtpopuspay name=pay1 pt=97 )
"""


def main() -> None:
    """Serve."""
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(sys.argv[1])
    _mount(server, "board", "ball", "320x180")
    for argument in sys.argv[2:]:
        name, _, size = argument.partition("=")
        _mount(server, name, "smpte", size)
    server.attach(None)
    GLib.MainLoop().run()


def _mount(server: GstRtspServer.RTSPServer, name: str, pattern: str, size: str) -> None:
    width, _, height = size.partition("x")
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(PIPELINE.format(pattern=pattern, width=width, height=height))
    factory.set_shared(True)
    server.get_mount_points().add_factory(f"/{name}", factory)


if __name__ == "__main__":
    main()
