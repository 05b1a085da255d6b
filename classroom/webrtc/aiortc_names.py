"""The private names of aiortc, aioice and pylibsrtp on which we rely, and whether they exist.

Only ``aiortc_internals.py`` and ``aiortc_guard.py`` use them. ``missing`` returns those that do not exist. In this case
aiortc sends the packets itself (``sending/packet_track.py``), which is slower and ignores requests for key frames.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable
from typing import Any, Final

from aiortc import (
    RTCCertificate,
    RTCDtlsTransport,
    RTCIceGatherer,
    RTCIceTransport,
    RTCRtpReceiver,
    RTCRtpSender,
    RTCRtpTransceiver,
)

__all__ = ["FOR_DELAY", "GUARDED", "RELIED_ON", "attribute", "holders", "missing"]

GUARDED: Final = (
    ("RTCDtlsTransport", "_recv_next"),
    ("RTCIceTransport", "_connection"),
    ("aioice.Connection", "add_remote_candidate"),
    ("aioice.Connection", "check_complete"),
    ("aioice.Connection", "check_incoming"),
    ("aioice.Connection", "data_received"),
    ("aioice.Connection", "get_component_candidates"),
    ("aioice.Connection", "local_password"),
    ("aioice.Connection", "request_received"),
    ("aioice.Connection", "_add_remote_candidate"),
    ("aioice.Connection", "_check_list"),
    ("aioice.Connection", "_closing"),
    ("aioice.Connection", "_nominated"),
    ("aioice.Connection", "_pair_remote_candidate"),
    ("aioice.Connection", "_protocols"),
    ("aioice.Connection", "_queue"),
    ("aioice.Connection", "_remote_candidates"),
    ("aioice.Connection", "_find_pair"),
    ("aioice.Connection", "_transport_policy"),
    ("aioice.Connection", "_valid_username"),
    ("aioice.Candidate", "_network_host"),
    ("aioice.Candidate", "component"),
    ("aioice.ice.StunProtocol", "datagram_received"),
    ("aioice.ice.StunProtocol", "send_stun"),
)
"""The names that guard a connection; see ``aiortc_guard.py``."""

FOR_DELAY: Final = (
    ("aiortc.codecs", "HEADER_EXTENSIONS"),
    ("aiortc.rtp", "HeaderExtensionsMap"),
    ("aiortc.rtcrtpsender", "rtp"),
)
RELIED_ON: Final = (
    *GUARDED,
    *FOR_DELAY,
    ("RTCRtpTransceiver", "_codecs"),
    ("RTCRtpSender", "_ssrc"),
    ("RTCRtpSender", "_rtx_ssrc"),
    ("RTCRtpSender", "_handle_rtcp_packet"),
    ("RTCDtlsTransport", "_tx_srtp"),
    ("RTCDtlsTransport", "_rx_srtp"),
    ("RTCDtlsTransport", "_register_rtp_sender"),
    ("RTCDtlsTransport", "_unregister_rtp_sender"),
    ("aioice.ice.CandidatePair", "remote_addr"),
    ("a pair of candidates", "protocol"),
    ("a protocol of aioice", "transport"),
    ("aioice.turn.TurnTransport", "_TurnTransport__inner_protocol"),
    ("aioice.turn.TurnTransport", "_TurnTransport__send_tasks"),
    ("pylibsrtp.Session", "_srtp"),
    ("pylibsrtp._binding.lib", "srtp_protect"),
    ("pylibsrtp._binding", "ffi"),
    ("aiortc.rtp", "RtcpRrPacket"),
    ("aiortc.rtp", "RtcpSrPacket"),
    ("aiortc.rtp", "RtcpRtpfbPacket"),
    ("aiortc.rtp", "RtcpPsfbPacket"),
    ("aiortc.rtp", "unpack_remb_fci"),
    ("aiortc.rtp", "is_rtcp"),
)
"""Names that no documentation promises: (module, class or function that has it, name)."""


def holders() -> dict[str, object]:
    """The objects that have the names of ``RELIED_ON``: modules, and an instance where only an instance has the name.

    Needs a running event loop. An object that cannot be made is omitted.
    """
    found: dict[str, object] = {}
    makers: dict[str, Callable[[], object]] = {
        "RTCIceGatherer": lambda: RTCIceGatherer(iceServers=[]),
        "RTCIceTransport": lambda: RTCIceTransport(RTCIceGatherer(iceServers=[])),
        "RTCDtlsTransport": lambda: RTCDtlsTransport(
            found["RTCIceTransport"],  # type: ignore[arg-type]
            [RTCCertificate.generateCertificate()],
        ),
        "RTCRtpSender": lambda: RTCRtpSender("video", found["RTCDtlsTransport"]),  # type: ignore[arg-type]
        "aioice.Connection": lambda: attribute("aioice", "Connection")(ice_controlling=True),
        "aioice.Candidate": lambda: attribute("aioice", "Candidate")("1", 1, "udp", 1, "192.0.2.1", 9, "host"),
        "RTCRtpTransceiver": lambda: RTCRtpTransceiver(
            kind="video",
            sender=found["RTCRtpSender"],  # type: ignore[arg-type]
            receiver=RTCRtpReceiver("video", found["RTCDtlsTransport"]),  # type: ignore[arg-type]
        ),
        "pylibsrtp.Session": lambda: attribute("pylibsrtp", "Session")(),
        "pylibsrtp._binding.lib": lambda: attribute("pylibsrtp._binding", "lib"),
        "aioice.ice.StunProtocol": lambda: attribute("aioice.ice", "StunProtocol"),
        "aioice.ice.CandidatePair": lambda: attribute("aioice.ice", "CandidatePair"),
        "a pair of candidates": lambda: attribute("aioice.ice", "CandidatePair")(None, None),
        "a protocol of aioice": _protocol,
        "aioice.turn.TurnTransport": lambda: attribute("aioice.turn", "TurnTransport")(None),
    }
    for module in ("aiortc.codecs", "aiortc.rtp", "aiortc.rtcrtpsender", "pylibsrtp._binding"):
        makers[module] = lambda module=module: importlib.import_module(module)  # type: ignore[misc]
    for name, make in makers.items():
        # A constructor that wants something else than it did is as good as a name that is gone.
        with contextlib.suppress(ImportError, AttributeError, TypeError, ValueError, KeyError):
            found[name] = make()
    return found


def missing() -> list[str]:
    """The names of ``RELIED_ON`` that these versions do not have; only with a running event loop."""
    found = holders()
    return [f"{holder}.{name}" for holder, name in RELIED_ON if not hasattr(found.get(holder), name)]


def attribute(module: str, name: str) -> Any:
    """What a module has by that name; AttributeError or ImportError where it has not."""
    return getattr(importlib.import_module(module), name)


def _protocol() -> Any:
    protocol = attribute("aioice.ice", "StunProtocol")(None)
    protocol.connection_made(None)
    return protocol
