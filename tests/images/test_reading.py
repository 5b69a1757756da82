import contextlib
import importlib
import io
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mnist_nn.errors import DataError
from mnist_nn.images import decode_picture, decode_pixels, mix_colours, read_content

RAMP = np.arange(0, 240, 2, dtype=np.uint8).reshape(10, 12)
PHOTO = np.add.outer(np.arange(64), 2 * np.arange(80)).astype(np.uint8)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def load_decoder(kind: str) -> None:
    """Skip the test where a kind of picture cannot be made."""
    if kind == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    if kind == "AVIF" and ".avif" not in Image.registered_extensions():
        pytest.skip("this Pillow has no AVIF")


def grey_of(content: bytes) -> NDArray[np.float64]:
    """Decode a picture to brightness, 0 to 255."""
    pixels = decode_picture(content, "x").pixels
    assert pixels.dtype == np.float32
    assert pixels.shape[2:] == (3,)
    return mix_colours(pixels, 1.0) * 255


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
    grey = grey_of(content)
    assert np.abs(grey - RAMP).max() <= 4  # a palette has its own shades; JPEG rounds


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("HEIF", "RGB"), ("HEIF", "RGBA"), ("AVIF", "L"), ("AVIF", "RGB"), ("AVIF", "RGBA")],
)
def test_photographs_of_telephones_are_read(kind: str, mode: str) -> None:
    load_decoder(kind)
    image = Image.fromarray(PHOTO).convert(mode)
    grey = grey_of(encoded(image, kind, quality=100))
    assert np.abs(grey - PHOTO).max() <= 8


def test_heic_without_its_library_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(DataError, match=r"^x.jpg is a HEIC, .*: pip install pillow-heif$"):
        decode_picture(b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "x.jpg")


def test_avif_with_an_old_pillow_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "registered_extensions", dict)
    with pytest.raises(DataError, match=r"^x.jpg is an AVIF, .*: pip install -U pillow$"):
        decode_picture(b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", "x.jpg")


def test_sixteen_bits_are_not_rounded_to_eight() -> None:
    deep = (RAMP.astype(np.uint16) << 8) + RAMP
    for content in (encoded(Image.fromarray(deep)), npy(deep), npy(deep.astype(">i4"))):
        np.testing.assert_allclose(grey_of(content), deep / 257, atol=1e-3)


def test_black_and_white_is_read() -> None:
    white = RAMP > 100
    for content in (encoded(Image.fromarray(white)), npy(white), npy(white.astype(np.uint8))):
        np.testing.assert_allclose(grey_of(content), 255 * white, atol=1e-4)


def test_what_is_transparent_is_seen_on_white() -> None:
    black_ink = np.zeros((10, 12, 4), np.uint8)
    black_ink[..., 3] = RAMP
    for content in (encoded(Image.fromarray(black_ink)), npy(black_ink), npy(black_ink / 255)):
        assert np.abs(grey_of(content) / 255 - (1 - RAMP / 255)).max() < 0.01


@pytest.mark.parametrize("colour", [(255, 255, 255), (255, 240, 90), (170, 170, 170)], ids=str)
def test_light_ink_on_nothing_is_seen_on_black(colour: tuple[int, int, int]) -> None:
    ink = np.zeros((10, 12, 4), np.uint8)
    ink[..., :3], ink[..., 3] = colour, RAMP
    for content in (encoded(Image.fromarray(ink)), npy(ink), npy(ink / 255)):
        grey = grey_of(content)
        assert grey[0, 0] == 0
        assert np.abs(grey - RAMP * (np.array(colour) @ [0.299, 0.587, 0.114] / 255)).max() < 3


def test_a_sheet_with_round_corners_stays_on_white() -> None:
    sheet = np.full((40, 40, 4), 255, np.uint8)
    sheet[10:30, 18:21, :3] = 20  # a one
    sheet[:3, :3, 3] = 0
    grey = grey_of(encoded(Image.fromarray(sheet)))
    assert grey[0, 0] == pytest.approx(255)
    assert grey[20, 19] == pytest.approx(20)


def test_a_palette_with_a_transparent_colour_is_seen_on_white() -> None:
    image = Image.fromarray(RAMP).convert("P")
    content = encoded(image, transparency=int(np.asarray(image)[0, 0]))
    grey = grey_of(content)
    assert grey[0, 0] == pytest.approx(255)
    assert grey[5, 5] < 200


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF"])
def test_a_turned_photograph_is_set_upright(kind: str) -> None:
    load_decoder(kind)
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90°
    content = encoded(Image.fromarray(PHOTO), kind, exif=exif.tobytes(), quality=100)
    assert np.abs(grey_of(content) - np.rot90(PHOTO, -1)).max() <= 8


@pytest.mark.parametrize("kind", ["PNG", "GIF", "TIFF"])
def test_of_an_animation_the_first_frame_is_read(kind: str) -> None:
    frames = [Image.fromarray(array) for array in (RAMP, 255 - RAMP)]
    content = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    np.testing.assert_allclose(grey_of(content), RAMP, atol=1e-3)


@pytest.mark.parametrize("dtype", ["u1", "i2", ">i4", "u8", "i8", "f2", "f4", "f8", ">f4"])
def test_arrays_of_every_type_are_read(dtype: str) -> None:
    np.testing.assert_allclose(grey_of(npy(RAMP.astype(dtype))), RAMP, atol=1e-4)
    if np.dtype(dtype).kind == "f":
        np.testing.assert_allclose(grey_of(npy((RAMP / 255).astype(dtype))), RAMP, atol=0.2)


@pytest.mark.parametrize("shape", [(784,), (28, 28), (28, 28, 1), (1, 28, 28)], ids=str)
def test_arrays_of_every_usual_shape_are_read(
    shape: tuple[int, ...], rng: np.random.Generator
) -> None:
    pixels = rng.integers(0, 256, (28, 28), np.uint8)
    np.testing.assert_array_equal(decode_pixels(npy(pixels.reshape(shape)), "x"), pixels)


@pytest.mark.parametrize(("low", "high"), [(-1, 1), (-0.42, 2.82), (0, 16), (0, 1e6)])
def test_floats_of_another_unit_span_from_black_to_white(low: float, high: float) -> None:
    values = low + (high - low) * (RAMP / RAMP.max())
    np.testing.assert_allclose(grey_of(npy(values)), 255 * (RAMP / RAMP.max()), atol=1e-3)


@pytest.mark.parametrize("values", [RAMP / 120 - 1, RAMP * 100.0])
def test_floats_of_another_unit_are_no_bytes(values: NDArray[np.float64]) -> None:
    with pytest.raises(DataError, match=r"x.png has pixels of .*; pixels are whole numbers"):
        decode_pixels(npy(values), "x.png")


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_colours_of_an_array_are_mixed(dtype: type) -> None:
    colours: NDArray[Any] = np.repeat(RAMP[..., None], 3, axis=2).astype(dtype)
    np.testing.assert_array_equal(decode_pixels(npy(colours), "x"), RAMP)
    green = colours * np.array([0, 1, 0], dtype)
    assert decode_pixels(npy(green), "x").max() < 0.6 * RAMP.max()
    np.testing.assert_allclose(decode_picture(npy(green), "x").pixels, green / 255, atol=1e-4)


def test_the_name_of_a_file_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "image.txt"
    path.write_bytes(encoded(Image.fromarray(RAMP)))
    np.testing.assert_array_equal(decode_pixels(read_content(path, "x"), "x"), RAMP)


PNG = encoded(Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 90), np.uint8)))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "x.png is empty"),
        (
            b"hello",
            "x.png is not an image that can be read; use PNG, JPEG, BMP, GIF, WebP, TIFF, HEIC, "
            "AVIF or .npy",
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
        (npy(RAMP[0]), r"has the shape \(12,\); a picture is"),
        (npy(RAMP[:, :10].reshape(10, 5, 2)), "has the shape"),
        (npy(RAMP.astype(np.int64) - 9), "has pixels of -9 to 229; pixels are whole numbers of 0"),
        (npy(RAMP.astype(np.int64) * 999), "has pixels of 0 to 237762; pixels are whole numbers"),
        (npy(np.where(RAMP == 8, np.nan, RAMP)), "has pixels that are NaN or infinite"),
        (npy(np.where(RAMP == 8, np.inf, RAMP)), "has pixels that are NaN or infinite"),
        (npy(RAMP * 1j), "holds complex128; a picture has whole numbers, floats or booleans"),
        (npy(np.array([[None]])), "holds object"),
        (npy(RAMP[:0]), "has no pixels"),
        (npy(RAMP).replace(b"(10, 12)", b"(1e9,12)"), "damaged"),
        (npy(RAMP).replace(b"(10, 12), }", b"(10000000, 12), }"), "more than 50,000,000 pixels"),
        (npy(RAMP).replace(b"(10, 12)", b"(-9, -9)"), "has no pixels"),
    ],
)
def test_what_cannot_be_read_is_refused(content: bytes, complaint: str) -> None:
    with pytest.raises(DataError, match=complaint):
        decode_picture(content, "x.png")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "HEIF"])
def test_what_a_decoder_says_is_one_line(kind: str) -> None:
    load_decoder(kind)
    content = encoded(Image.fromarray(np.tile(RAMP, (50, 50))), kind)
    with pytest.raises(DataError, match=r"^x.png is damaged: .") as caught:
        decode_picture(content[: len(content) * 3 // 4], "x.png")
    assert str(caught.value) == str(caught.value).strip()
    assert "\n" not in str(caught.value)


def test_no_cut_or_changed_byte_escapes(rng: np.random.Generator) -> None:
    image = Image.fromarray(RAMP)
    kinds = ["PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF"]
    contents = [npy(RAMP), *(encoded(image, kind) for kind in kinds)]
    if ".avif" in Image.registered_extensions():
        contents.append(encoded(image, "AVIF"))
    with contextlib.suppress(ImportError):
        importlib.import_module("pillow_heif").register_heif_opener()
        contents.append(encoded(image, "HEIF"))
    for content in contents:
        for _ in range(100):
            changed = bytearray(content)
            for place in rng.integers(0, len(content), 3):
                changed[place] = rng.integers(256)
            for damaged in (bytes(changed), content[: rng.integers(1, len(content))]):
                try:
                    assert decode_picture(damaged, "x.png").pixels.ndim == 3
                except DataError as error:
                    assert "x.png" in str(error)  # noqa: PT017


def test_a_folder_is_no_image(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder without images"):
        read_content(tmp_path, "x")
