"""No image takes more than some seconds and some hundred megabytes."""

import io
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from mnist_nn.errors import DataError
from mnist_nn.images import decode_picture, decode_pixels, prepare

from .hostile import bmp_of_runs, chunk, exif, jpeg, png, with_scans, with_segment

EXIF, XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"


def claiming(content: bytes, width: int, height: int) -> bytes:
    """Change the size in the header of a progressive JPEG."""
    at = content.index(b"\xff\xc2") + 5
    return content[:at] + height.to_bytes(2, "big") + width.to_bytes(2, "big") + content[at + 4 :]


def webp(width: int, height: int) -> bytes:
    """A black WebP."""
    file = io.BytesIO()
    Image.new("L", (width, height)).save(file, "WEBP", lossless=True, quality=0, method=0)
    return file.getvalue()


GREY = jpeg((40, 40), "L", progressive=True)
REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "4,000 empty scans": (lambda: with_scans(GREY, 4000), r"has 4,00\d scans, too many"),
    "30 scans of 49 million pixels": (
        lambda: claiming(with_scans(GREY, 30), 7000, 7000),
        r"has 3\d scans, too many for its size",
    ),
    "49 million pixels of four colours": (
        lambda: claiming(jpeg((40, 40), "CMYK", progressive=True), 7000, 7000),
        "more than 160,000,000 numbers",
    ),
    "200,000 comments": (lambda: with_segment(GREY, 0xFE, b"", 200_000), "100,000 segments"),
    "200,000 chunks": (lambda: png(9, 9, more=chunk(b"abCd", b"") * 200_000), "100,000 chunks"),
    "200,000 empty chunks of pixels": (
        lambda: png(9, 9, more=chunk(b"IDAT", b"") * 200_000),
        "100,000 chunks",
    ),
    "a million pixels in a row": (lambda: png(1_000_000, 1), "a side of more than 100,000 pixels"),
    "a WebP that would be decoded in several copies": (
        lambda: webp(5000, 4001),
        "a WebP of more than 20,000,000 pixels; save it as a PNG",
    ),
    "16 million pixels in runs": (lambda: bmp_of_runs(4000, 4000, b"\xff\7"), "save it as a PNG"),
    "ten megabytes of runs": (lambda: bmp_of_runs(9, 9, bytes(10_000_001)), "save it as a PNG"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_would_take_long_is_refused(kind: str) -> None:
    made, complaint = REFUSED[kind]
    with pytest.raises(DataError, match=f"^x.png.*{complaint}"):
        decode_picture(made(), "x.png")


def texts() -> bytes:
    """Chunks of text that unpack to 90 MB."""
    return chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(900_000))) * 100


HARMLESS: dict[str, Callable[[], bytes]] = {
    "EXIF that claims 90 MB": lambda: with_segment(GREY, 0xE1, EXIF + exif(3000, 29000)),
    "previews that claim 90 MB": lambda: with_segment(GREY, 0xE2, b"MPF\0" + exif(3000, 29000)),
    "EXIF that claims 60 GB": lambda: png(40, 40, more=chunk(b"eXIf", exif(60000, 1_000_000))),
    "texts that unpack to 90 MB": lambda: png(40, 40, more=texts()),
    "a preview of 300 scans": lambda: with_segment(GREY, 0xE1, EXIF + b"\xff\xda\0\2" * 300),
    "a film after the image": lambda: GREY + b"\xff\xda\0\2" * 300,
}


@pytest.mark.parametrize("kind", HARMLESS)
def test_metadata_cost_nothing(kind: str) -> None:
    decode_picture(GREY, "x")  # Pillow is loaded
    content = HARMLESS[kind]()
    tracemalloc.start()
    try:
        assert decode_picture(content, "x").pixels.shape == (40, 40, 3)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_49_million_pixels_take_less_than_500_megabytes(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(png(7000, 7000, colour=6))
    program = (
        "import sys, pathlib, mnist_nn.images as p\n"
        "content = p.read_content(pathlib.Path(sys.argv[1]), 'x')\n"
        "assert p.decode_picture(content, 'x').pixels.shape == (1200, 1200, 3)\n"
        "print(*(line for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    if not Path("/proc/self/status").exists():
        pytest.skip("only Linux tells how much memory a process took")
    command = [sys.executable, "-c", program, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout.split()[1]) < 500_000


@pytest.mark.parametrize("progressive", [False, True])
def test_a_huge_photograph_is_read_as_a_small_one(
    progressive: bool,
) -> None:
    image = Image.new("RGB", (1000, 820), (200, 190, 180))
    ImageDraw.Draw(image).line([(300, 150), (650, 150), (450, 700)], (30, 30, 40), 60)
    file = io.BytesIO()
    image.resize((3000, 2460)).save(file, "JPEG", progressive=progressive)
    picture = decode_picture(file.getvalue(), "x")
    assert picture.pixels.shape == (984, 1200, 3)
    assert picture.scale == pytest.approx(2.5)
    huge = prepare(picture.pixels)
    small = prepare(np.asarray(image.convert("L"), np.float64))
    assert np.abs(huge - small).mean() < 0.01


@pytest.mark.parametrize("shape", [(2601, 5003), (4050, 77), (1200, 1201)])
def test_large_arrays_are_averaged_in_blocks(
    shape: tuple[int, int], rng: np.random.Generator
) -> None:
    pixels = rng.integers(0, 256, shape, np.uint8)
    file = io.BytesIO()
    np.save(file, pixels)
    reduced, scale = decode_picture(file.getvalue(), "x")
    block = -(-max(shape) // 1200)
    assert reduced.shape == (*(-(-side // block) for side in shape), 3)
    assert scale == max(shape) / max(reduced.shape)
    for i, j in ((0, 0), (shape[0] // block // 2, 5), (reduced.shape[0] - 1, reduced.shape[1] - 1)):
        part = pixels[block * i : block * (i + 1), block * j : block * (j + 1)]
        assert reduced[i, j] == pytest.approx(part.mean() / 255)


RAMP = np.arange(0, 240, 2, dtype=np.uint8).reshape(10, 12)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_set_upright(orientation: int) -> None:
    tags = Image.Exif()
    tags[0x0112] = orientation
    file = io.BytesIO()
    Image.fromarray(RAMP).save(file, "PNG", exif=tags)
    with Image.open(io.BytesIO(file.getvalue())) as image:
        upright = np.asarray(ImageOps.exif_transpose(image))
    np.testing.assert_array_equal(decode_pixels(file.getvalue(), "x"), upright)


@pytest.mark.parametrize(
    ("payload", "turned"),
    [
        (XMP + b'<rdf:Description tiff:Orientation="3"/>', 2),
        (XMP + b"<tiff:Orientation>3</tiff:Orientation>", 2),
        (EXIF + exif(0, 0, orientation=3), 2),
        (EXIF + exif(0, 0, orientation=99), 0),
        (EXIF + exif(0, 0, orientation=3)[:15], 0),
        (EXIF + b"II*\0\xff\xff\xff\xff", 0),
    ],
    ids=["XMP attribute", "XMP element", "EXIF", "no orientation", "cut short", "nowhere"],
)
def test_the_orientation_is_found_if_it_is_there(payload: bytes, turned: int) -> None:
    file = io.BytesIO()
    Image.fromarray(RAMP).save(file, "JPEG", quality=100)
    grey = decode_pixels(with_segment(file.getvalue(), 0xE1, payload), "x")
    assert np.abs(grey.astype(int) - np.rot90(RAMP, turned)).max() <= 3
