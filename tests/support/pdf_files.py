"""PDF files as real programs write them, made here: odd page sizes, text, forms, seals and passwords."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

__all__ = ["FORM_BOXES", "form_pdf", "locked_pdf", "text_pdf", "write_pdf"]

_PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
_STREAM = re.compile(rb"(.*\nstream\n)(.*)(\nendstream)", re.DOTALL)

FORM_BOXES = {"text": (60, 200), "signature": (60, 130), "ticked": (60, 60), "stamp": (260, 60)}
"""The lower left corners (points) of what ``form_pdf`` has, each 80 × 40 points and mostly black."""


def write_pdf(path: Path, objects: Sequence[str], trailer: str = "", *, key: bytes | None = None) -> Path:
    """A PDF of these objects, the first of which is the catalog; ``key`` encrypts their streams but the last one's."""
    data, places = b"%PDF-1.6\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(data))
        written = body.encode("latin-1")
        if key is not None and (stream := _STREAM.fullmatch(written)):
            own = hashlib.md5(key + number.to_bytes(3, "little") + bytes(2)).digest()[: len(key) + 5]
            written = stream[1] + _rc4(own, stream[2]) + stream[3]
        data += f"{number} 0 obj\n".encode() + written + b"\nendobj\n"
    start = len(data)
    data += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    data += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    data += f"trailer << /Size {len(objects) + 1} /Root 1 0 R {trailer} >>\nstartxref\n{start}\n%%EOF\n".encode()
    path.write_bytes(data)
    return path


def text_pdf(path: Path, size: tuple[float, float], *, lines: int = 24, password: str = "", pages: int = 1) -> Path:
    """Pages of this size (points) with fine vertical lines and lines of text, as a sharp picture has them.

    With a password it is locked by it (RC4 of 40 bits, the oldest kind).
    """
    width, height = size
    text = "".join(
        f"BT /F1 {height / lines * 0.55:.2f} Tf {width * 0.06:.2f} {height * (1 - (n + 1) / (lines + 1)):.2f} Td "
        f"(Sphinx of black quartz, judge my vow {n} iiillliii) Tj ET\n"
        for n in range(lines)
    )
    kids = " ".join(f"{5 + n} 0 R" for n in range(pages))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>",
        _stream("", text),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    objects += [
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width:g} {height:g}] /Contents 3 0 R "
        "/Resources << /Font << /F1 4 0 R >> >> >>"
    ] * pages
    return locked_pdf(path, objects, password) if password else write_pdf(path, objects)


def locked_pdf(path: Path, objects: Sequence[str], password: str) -> Path:
    """A PDF that asks for a password: the standard handler, revision 2 (PDF 1.7, 7.6.3)."""
    padded = (password.encode("latin-1") + _PADDING)[:32]
    owner = _rc4(hashlib.md5(padded).digest()[:5], padded)
    identity = b"0123456789abcdef"
    permissions = -4
    key = hashlib.md5(padded + owner + permissions.to_bytes(4, "little", signed=True) + identity).digest()[:5]
    handler = f"<< /Filter /Standard /V 1 /R 2 /O <{owner.hex()}> /U <{_rc4(key, _PADDING).hex()}> /P {permissions} >>"
    trailer = f"/Encrypt {len(objects) + 1} 0 R /ID [<{identity.hex()}> <{identity.hex()}>]"
    return write_pdf(path, [*objects, handler], trailer, key=key)


def form_pdf(path: Path) -> Path:
    """One page of 400 × 300 points with a filled text field, a signed signature, a ticked box and a stamp.

    A second text field has a text only, which the viewer has to draw, as many programs write it.
    """
    black = "<< /Type /XObject /Subtype /Form /BBox [0 0 80 40] /Resources << >>"
    boxes = {name: f"/Rect [{x} {y} {x + 80} {y + 40}]" for name, (x, y) in FORM_BOXES.items()}
    field = "/Type /Annot /Subtype /Widget /F 4 /P 3 0 R"
    return write_pdf(
        path,
        [
            "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [5 0 R 6 0 R 7 0 R 11 0 R] "
            "/SigFlags 3 /DR << /Font << /Helv 12 0 R >> >> >> >>",
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 300] /Resources << >> /Contents 4 0 R "
            "/Annots [5 0 R 6 0 R 7 0 R 8 0 R 11 0 R] >>",
            _stream("", "1 g 0 0 400 300 re f"),
            f"<< {field} /FT /Tx /T (answer) /V (forty-two) {boxes['text']} /AP << /N 9 0 R >> >>",
            f"<< {field} /FT /Sig /T (seal) {boxes['signature']} /AP << /N 9 0 R >> /V << /Type /Sig "
            "/Filter /Adobe.PPKLite /SubFilter /adbe.pkcs7.detached /Contents <00> /ByteRange [0 1 2 3] >> >>",
            f"<< {field} /FT /Btn /T (yes) /V /On /AS /On {boxes['ticked']} "
            "/AP << /N << /On 9 0 R /Off 10 0 R >> >> >>",
            f"<< /Type /Annot /Subtype /Stamp /F 4 /P 3 0 R {boxes['stamp']} /AP << /N 9 0 R >> >>",
            _stream(black[2:], "0 g 0 0 80 40 re f"),
            _stream(black[2:], ""),
            f"<< {field} /FT /Tx /T (typed) /V (HELLO) /Rect [260 200 360 240] /DA (/Helv 24 Tf 0 g) >>",
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        ],
    )


def _stream(entries: str, content: str) -> str:
    return f"<< {entries} /Length {len(content)} >>\nstream\n{content}\nendstream"


def _rc4(key: bytes, data: bytes) -> bytes:
    box, j = list(range(256)), 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) % 256
        box[i], box[j] = box[j], box[i]
    i, j, out = 0, 0, bytearray()
    for octet in data:
        i = (i + 1) % 256
        j = (j + box[i]) % 256
        box[i], box[j] = box[j], box[i]
        out.append(octet ^ box[(box[i] + box[j]) % 256])
    return bytes(out)
