"""Removal of the metadata of PNG and JPEG files before they are decoded.

Texts, profiles, previews and EXIF may claim to be gigabytes, or be millions of parts. A decoder
that never sees them spends neither time nor memory on them. Only the orientation is read.
"""

import re
import struct
from typing import NamedTuple

from ..errors import DataError

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"
MAX_PARTS = 100_000  # chunks of a PNG, segments of a JPEG
ANCILLARY = 0x20  # bit of a PNG chunk's first letter: the chunk is not needed for the pixels

MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # except restart markers, which have no segment
END_OF_IMAGE, START_OF_SCAN, COMMENT = 0xD9, 0xDA, 0xFE
BARE = (0x01, 0xD8)  # markers without a segment
JFIF, ADOBE = 0xE0, 0xEE  # segments that define the colours

LONGEST = 1 << 16  # bytes of metadata that are searched for the orientation: a JPEG's whole segment
EXIF = b"Exif\0\0"
TIFF = {b"II*\0": "<", b"MM\0*": ">"}  # byte order
ORIENTATION = 0x0112
NUMBERS = {1: "B", 3: "H", 4: "I"}  # TIFF's types
XMP_KIND = b"http:/"  # the beginning of a segment of XMP
XMP = re.compile(rb"tiff:Orientation(?:\s*=\s*[\"']|>)\s*([1-8])")


class Stripped(NamedTuple):
    """An image file without its metadata."""

    content: bytes
    orientation: int = 1  # 1 to 8 as EXIF numbers them; 1 is upright
    scans: int = 1  # passes over the pixels that decoding takes


def strip_metadata(content: bytes, name: str) -> Stripped:
    """Remove what is not needed to decode a PNG or JPEG; other formats stay as they are."""
    if content.startswith(PNG):
        return _strip_png(content, name)
    return _strip_jpeg(content, name) if content.startswith(JPEG) else Stripped(content)


def _strip_png(content: bytes, name: str) -> Stripped:
    """Keep the chunks that hold pixels, palette and transparency."""
    view, at = memoryview(content), len(PNG)
    kept, metadata = [view[:at]], dict[bytes, bytes]()
    for _ in range(MAX_PARTS):
        if len(content) < at + 8:
            break
        length, kind = struct.unpack_from(">I4s", content, at)
        chunk = view[at : at + length + 12]
        at += len(chunk)
        if not kind[0] & ANCILLARY or kind == b"tRNS":
            kept.append(chunk)
        elif kind in (b"eXIf", b"iTXt"):
            metadata.setdefault(kind, bytes(chunk[8 : 8 + LONGEST]))
        if kind == b"IEND":
            break
    else:
        raise DataError(f"{name} has more than {MAX_PARTS:,} chunks; save it again")
    return Stripped(b"".join(kept), _orientation(metadata))


def _strip_jpeg(content: bytes, name: str) -> Stripped:
    """Keep the segments that hold pixels or define their format; count the scans."""
    view, at, scans = memoryview(content), 2, 0
    kept, metadata, colours = [view[:at]], dict[bytes, bytes](), set[int]()
    for _ in range(MAX_PARTS):
        found = MARKER.search(content, at)
        if not found:
            break
        start, marker = found.start(), content[found.start() + 1]
        if marker == END_OF_IMAGE:
            kept.append(view[start : start + 2])
            break
        at = start + 2
        if marker not in BARE:
            at += max(2, int.from_bytes(content[at : at + 2], "big"))
        if marker == START_OF_SCAN:
            scans += 1
            after = MARKER.search(content, at)
            at = after.start() if after else len(content)
        if marker in (JFIF, ADOBE):
            if marker in colours:
                continue
            colours.add(marker)
        elif JFIF < marker <= 0xEF:
            kind = content[start + 4 : start + 10]
            if kind in (EXIF, XMP_KIND):
                metadata.setdefault(kind, content[start + 4 : at])
            continue
        if marker != COMMENT:
            kept.append(view[start:at])
    else:
        raise DataError(f"{name} has more than {MAX_PARTS:,} segments; save it again")
    return Stripped(b"".join(kept), _orientation(metadata), scans)


def _orientation(metadata: dict[bytes, bytes]) -> int:
    """Return the orientation from EXIF, else from XMP, else upright."""
    values = list(metadata.values())
    for find in (exif_orientation, _in_xmp):
        for value in values:
            orientation = find(value)
            if orientation is not None:
                return orientation
    return 1


def exif_orientation(value: bytes) -> int | None:
    """Return the orientation in the first directory of EXIF data."""
    data = value.removeprefix(EXIF)
    order = TIFF.get(data[:4])
    if order is None:
        return None
    try:
        (at,) = struct.unpack_from(f"{order}I", data, 4)
        (entries,) = struct.unpack_from(f"{order}H", data, at)
        for entry in range(at + 2, at + 2 + 12 * entries, 12):
            tag, kind = struct.unpack_from(f"{order}HH", data, entry)
            if tag == ORIENTATION and kind in NUMBERS:
                (number,) = struct.unpack_from(f"{order}{NUMBERS[kind]}", data, entry + 8)
                return int(number) if 1 <= number <= 8 else None
    except struct.error:  # it is cut short
        pass
    return None


def _in_xmp(value: bytes) -> int | None:
    """Return the orientation in a text of XMP."""
    found = XMP.search(value)
    return int(found[1]) if found else None
