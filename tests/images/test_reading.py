import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mnist_nn.errors import DataError
from mnist_nn.images import decode_image, read_image

RAMP = np.arange(0, 240, 2, dtype=np.uint8).reshape(10, 12)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def huge_png(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be of this size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        *(("PNG", mode) for mode in ("L", "RGB", "RGBA", "P", "LA")),
        *(("BMP", mode) for mode in ("L", "RGB", "P")),
        *(("JPEG", mode) for mode in ("L", "RGB", "CMYK")),
        *(("GIF", mode) for mode in ("L", "P")),
        *(("TIFF", mode) for mode in ("L", "RGB", "RGBA", "P", "CMYK")),
        *(("WEBP", mode) for mode in ("L", "RGB", "RGBA")),
    ],
)
def test_every_kind_and_mode_gives_the_same_brightness(kind: str, mode: str) -> None:
    image = Image.fromarray(RAMP).convert(mode)
    content = encoded(image, kind, quality=100, lossless=True)  # as far as the kind knows them
    grey = decode_image(content, "x")
    assert np.abs(grey - RAMP).max() <= 4  # a palette has its own shades; JPEG rounds


def test_sixteen_bits_are_not_rounded_to_eight() -> None:
    deep = (RAMP.astype(np.uint16) << 8) + 7
    np.testing.assert_array_equal(decode_image(encoded(Image.fromarray(deep)), "x"), deep)


def test_black_and_white_is_read() -> None:
    grey = decode_image(encoded(Image.fromarray(RAMP > 100)), "x")
    np.testing.assert_array_equal(grey, 255 * (RAMP > 100))


def test_what_is_transparent_is_seen_on_white() -> None:
    black_ink = np.zeros((10, 12, 4), np.uint8)
    black_ink[..., 3] = RAMP
    for content in (encoded(Image.fromarray(black_ink)), npy(black_ink), npy(black_ink / 255)):
        grey = decode_image(content, "x")
        assert np.abs(grey / grey.max() - (1 - RAMP / 255)).max() < 0.01


def test_a_palette_with_a_transparent_colour_is_seen_on_white() -> None:
    image = Image.fromarray(RAMP).convert("P")
    content = encoded(image, transparency=int(np.asarray(image)[0, 0]))
    grey = decode_image(content, "x")
    assert grey[0, 0] == 255
    assert grey[5, 5] < 200


def test_a_turned_photograph_is_set_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90°
    content = encoded(Image.fromarray(RAMP), "JPEG", exif=exif, quality=100)
    assert np.abs(decode_image(content, "x") - np.rot90(RAMP, -1)).max() <= 3


@pytest.mark.parametrize("kind", ["PNG", "GIF", "TIFF"])
def test_of_an_animation_the_first_frame_is_read(kind: str) -> None:
    frames = [Image.fromarray(array) for array in (RAMP, 255 - RAMP)]
    content = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(decode_image(content, "x"), RAMP)


@pytest.mark.parametrize("dtype", [np.uint8, np.float16, np.float32, np.float64, ">f4"])
def test_arrays_are_read_as_they_are(dtype: str) -> None:
    np.testing.assert_array_equal(decode_image(npy(RAMP.astype(dtype)), "x"), RAMP)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_colours_of_an_array_are_mixed(dtype: type) -> None:
    colours: NDArray[Any] = np.repeat(RAMP[..., None], 3, axis=2).astype(dtype)
    np.testing.assert_allclose(decode_image(npy(colours), "x"), RAMP, atol=1e-4)
    assert decode_image(npy(colours * np.array([0, 1, 0], dtype)), "x").max() < 0.6 * RAMP.max()


def test_the_name_of_a_file_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "image.txt"
    path.write_bytes(encoded(Image.fromarray(RAMP)))
    np.testing.assert_array_equal(read_image(path), RAMP)


PNG = encoded(Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 90), np.uint8)))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "x.png is empty"),
        (
            b"hello",
            "x.png is not an image that can be read; use PNG, JPEG, BMP, GIF, WebP, TIFF or .npy",
        ),
        (encoded(Image.fromarray(RAMP), "ICO"), "not an image that can be read"),
        (PNG[: len(PNG) // 2], "x.png is damaged"),
        (PNG[:20], "x.png"),
        (PNG[:60] + b"\0\0\0\0" + PNG[64:], "x.png is damaged"),
        (huge_png(10_000, 5_001), "x.png has more than 50,000,000 pixels: 10,000×5,001"),
        (huge_png(100_000, 100_000), "x.png has more than 50,000,000 pixels"),
        (huge_png(10_000, 5_000), "x.png is damaged"),
        (npy(RAMP)[:-1], "x.png is cut short"),
        (npy(RAMP)[:20], "x.png is a damaged .npy file"),
        (npy(RAMP[0]), r"has the shape \(12,\); an image is"),
        (npy(RAMP[:, :10].reshape(10, 5, 2)), "has the shape"),
        (npy(RAMP.astype(np.int64)), "holds int64; an image has uint8 or floats"),
        (npy(RAMP * 1j), "holds complex128"),
        (npy(np.array([[None]])), "holds object"),
        (npy(RAMP[:0]), "has no pixels"),
        (npy(RAMP).replace(b"(10, 12)", b"(1e9,12)"), "damaged"),
        (npy(RAMP).replace(b"(10, 12), }", b"(10000000, 12), }"), "more than 50,000,000 pixels"),
        (npy(RAMP).replace(b"(10, 12)", b"(-9, -9)"), "has no pixels"),
    ],
)
def test_what_cannot_be_read_is_refused(content: bytes, complaint: str) -> None:
    with pytest.raises(DataError, match=complaint):
        decode_image(content, "x.png")


def test_no_cut_or_changed_byte_escapes(rng: np.random.Generator) -> None:
    image = Image.fromarray(RAMP)
    for content in (encoded(image), encoded(image, "JPEG"), encoded(image, "BMP"), npy(RAMP)):
        for _ in range(150):
            changed = bytearray(content)
            for place in rng.integers(0, len(content), 3):
                changed[place] = rng.integers(256)
            for damaged in (bytes(changed), content[: rng.integers(1, len(content))]):
                try:
                    assert decode_image(damaged, "x.png").ndim == 2
                except DataError as error:
                    assert "x.png" in str(error)  # noqa: PT017


def test_a_folder_is_no_image(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder without images"):
        read_image(tmp_path)
