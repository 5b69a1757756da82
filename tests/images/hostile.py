"""Files made to cost whoever reads them time or memory, or to look as if they did."""

import io
import struct
import zlib

from PIL import Image


def jpeg(size: tuple[int, int], mode: str = "RGB", **options: object) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size).save(file, "JPEG", **options)
    return file.getvalue()


def with_scans(content: bytes, times: int) -> bytes:
    """Repeat the last scan of a JPEG."""
    start, end = content.rindex(b"\xff\xda"), content.rindex(b"\xff\xd9")
    return content[:end] + content[start:end] * times + content[end:]


def with_segment(content: bytes, marker: int, payload: bytes, times: int = 1) -> bytes:
    """Put segments at the beginning of a JPEG."""
    segment = struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload
    return content[:2] + segment * times + content[2:]


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *, colour: int = 0, more: bytes = b"") -> bytes:
    """A black PNG, of 8 bits of grey (colour 0) or with colours and transparency (6)."""
    row = bytes(1 + width * (4 if colour == 6 else 1))
    packer = zlib.compressobj(1)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + more + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def bmp_of_runs(width: int, height: int, runs: bytes) -> bytes:
    """A BMP of 256 shades whose pixels are runs (RLE)."""
    palette = b"".join(bytes([i, i, i, 0]) for i in range(256))
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(runs), 0, 0, 0, 0)
    start = 14 + len(header) + len(palette)
    return struct.pack("<2sIII", b"BM", start + len(runs), 0, start) + header + palette + runs


def exif(entries: int, size: int, orientation: int = 1) -> bytes:
    """EXIF whose entries all claim the same bytes, so that a reader keeps them many times."""
    at = 8 + 2 + 12 * (entries + 1) + 4
    fields = struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
    fields += b"".join(struct.pack(">HHII", 0x0113 + i, 7, size, at) for i in range(entries))
    return b"MM\0*" + struct.pack(">IH", 8, entries + 1) + fields + bytes(4 + size)
