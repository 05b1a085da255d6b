"""Rewrites answers that reject the picture or the sound, so that aiortc accepts them.

A browser that supports none of the picture's codecs answers that section with port 0 and without a transport (RFC 3264,
section 6). aiortc does not support rejected sections: it requires a transport, a role and a common codec in each one,
or refuses the whole answer. So a rejected section becomes the offered one, as inactive.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["accept_rejected_media"]

_TRANSPORT: Final = re.compile(r"a=(?:ice-ufrag|ice-pwd|ice-options|fingerprint|setup|candidate|end-of-candidates)\b")
_FORMATS: Final = re.compile(r"a=(?:mid|rtpmap|rtcp-fb|fmtp):")


def accept_rejected_media(answer: str, offer: str) -> str:
    """The answer, with each rejected section as an inactive one on the transport of the first accepted section.

    An answer that rejects all sections, or has other sections than the offer, is returned unchanged.
    """
    head, sections = _split(answer)
    offered = _split(offer)[1]
    accepted = next((section for section in sections if not _is_rejected(section)), None)
    if accepted is None or len(sections) != len(offered):
        return answer
    transport = [line for line in accepted if _TRANSPORT.match(line)]
    lines = list(head)
    for section, ours in zip(sections, offered, strict=True):
        lines += [*_inactive(ours), *transport] if _is_rejected(section) else section
    return "\r\n".join(lines) + "\r\n"


def _inactive(offered: list[str]) -> list[str]:
    media = re.sub(r"^(m=\S+) \d+", r"\1 9", offered[0])
    formats = [line for line in offered[1:] if _FORMATS.match(line)]
    return [media, "c=IN IP4 0.0.0.0", "a=inactive", "a=rtcp-mux", *formats]


def _is_rejected(section: list[str]) -> bool:
    return re.match(r"m=\S+ 0 ", section[0]) is not None


def _split(description: str) -> tuple[list[str], list[list[str]]]:
    """The lines of the session, and those of each section."""
    head: list[str] = []
    sections: list[list[str]] = []
    for line in description.splitlines():
        if line.startswith("m="):
            sections.append([line])
        else:
            (sections[-1] if sections else head).append(line)
    return head, sections
