"""Writes photographs as phones do (ISO/IEC 23008-12): HEIC of tiles, with a grid, a turn and a colour profile."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import av
import numpy as np
from PIL import Image

__all__ = ["write_heic"]

TILE = 256


def write_heic(path: Path, picture: Image.Image, *, profile: bytes | None = None, turns: int = 0) -> Path:
    """A picture as tiles of HEVC; ``turns`` of 90° counterclockwise make it upright."""
    columns, rows = -(-picture.width // TILE), -(-picture.height // TILE)
    whole = Image.new("RGB", (columns * TILE, rows * TILE))
    whole.paste(picture)
    places = [(column * TILE, row * TILE) for row in range(rows) for column in range(columns)]
    coded = [_hevc(whole.crop((x, y, x + TILE, y + TILE))) for x, y in places]
    tiles = [data for data, _ in coded]
    grid = struct.pack(">4B2H", 0, 0, rows - 1, columns - 1, picture.width, picture.height)
    properties = [
        _box(b"hvcC", coded[0][1]),
        _full(b"ispe", struct.pack(">2I", TILE, TILE)),
        _full(b"ispe", struct.pack(">2I", *picture.size)),
        _box(b"irot", bytes([turns])),
        _box(b"colr", b"prof" + profile if profile else b"nclx" + struct.pack(">3HB", 1, 13, 6, 0)),
    ]
    count = len(tiles)
    last = count + 1
    ids = range(1, last + 1)
    kinds = [b"hvc1"] * count + [b"grid"]
    infos = b"".join(
        _full(b"infe", struct.pack(">2H", number, 0) + kind + b"\0", version=2, flags=kind == b"hvc1")
        for number, kind in zip(ids, kinds, strict=True)
    )
    uses = [(number, (0x81, 2, 5)) for number in ids[:-1]] + [(last, (3, 5, 0x84))]
    associations = b"".join(struct.pack(">HB", number, len(which)) + bytes(which) for number, which in uses)
    references = _box(b"dimg", struct.pack(f">2H{count}H", last, count, *ids[:-1]))

    def meta(start: int) -> bytes:
        places, at = b"", start
        for number, data in zip(ids, [*tiles, grid], strict=True):
            places += struct.pack(">3H2I", number, 0, 1, at, len(data))
            at += len(data)
        return _full(
            b"meta",
            _full(b"hdlr", b"\0\0\0\0pict" + b"\0" * 13)
            + _full(b"pitm", struct.pack(">H", last))
            + _full(b"iinf", struct.pack(">H", len(kinds)) + infos)
            + _full(b"iref", references)
            + _box(
                b"iprp",
                _box(b"ipco", b"".join(properties)) + _full(b"ipma", struct.pack(">I", len(uses)) + associations),
            )
            + _full(b"iloc", struct.pack(">2BH", 0x44, 0, len(kinds)) + places),
        )

    head = _box(b"ftyp", b"heic\0\0\0\0mif1heic")
    start = len(head) + len(meta(0)) + 8
    path.write_bytes(head + meta(start) + _box(b"mdat", b"".join(tiles) + grid))
    return path


def _hevc(tile: Image.Image) -> tuple[bytes, bytes]:
    """A picture of HEVC, and what a decoder needs to know of it first."""
    film = io.BytesIO()
    with av.open(film, "w", format="mp4") as container:
        stream = container.add_stream("libx265", rate=25)
        stream.width, stream.height, stream.pix_fmt = tile.width, tile.height, "yuv420p"
        stream.codec_context.codec_tag = "hvc1"
        stream.options = {
            "x265-params": "crf=8:keyint=1:info=0:log-level=none:pools=1:frame-threads=1",
            "preset": "ultrafast",
        }
        frame = av.VideoFrame.from_ndarray(np.asarray(tile), "rgb24").reformat(
            format="yuv420p", dst_colorspace="ITU601"
        )
        container.mux([*stream.encode(frame), *stream.encode(None)])
    film.seek(0)
    with av.open(film, "r") as reading:
        coded = reading.streams.video[0]
        extradata = coded.codec_context.extradata
        assert extradata is not None
        return b"".join(bytes(packet) for packet in reading.demux(coded)), extradata


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + name + content


def _full(name: bytes, content: bytes, *, version: int = 0, flags: int = 0) -> bytes:
    return _box(name, struct.pack(">I", version << 24 | flags) + content)
