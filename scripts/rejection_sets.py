"""Sets of samples that are no digit, prepared as pictures are: what a network should not answer."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from picture_sets import draw_character
from PIL import Image, ImageDraw, ImageFilter

from mnist_nn import load_dataset
from mnist_nn.images import prepare

LETTERS = "ACEFHKLMNPRUVWXacdefhkmnprtuvwx"  # not those that look like digits
N_DRAWN = 400  # samples of a kind
N_RAW = 2000
SIDE = 300  # pixels of a drawing


def no_digits(fonts: Path, names: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """Return samples (n, 784) by kind, the same at each call."""
    rng = np.random.default_rng(0)
    places = {path.name: path for path in fonts.rglob("*.[to]tf")}
    digits, clothes = (load_dataset(name).train.x for name in ("mnist", "fashion-mnist"))
    letters = [draw_character(letter, places[name]) for name in names for letter in LETTERS]
    return {
        "letters": _prepared(letters),
        "clothes": np.asarray(clothes[:N_RAW]),
        "clothes, prepared": _prepared([i.reshape(28, 28) for i in clothes[:N_DRAWN]]),
        "scribbles": _prepared([_scribble(rng) for _ in range(N_DRAWN)]),
        "noise": _prepared([_noise(rng) for _ in range(N_DRAWN)]),
        "several digits": _prepared([_several(digits, rng) for _ in range(N_DRAWN)]),
    }


def _prepared(pictures: list[Any]) -> NDArray[Any]:
    """Prepare pictures, without those that are blank."""
    samples = []
    for picture in pictures:
        try:
            samples.append(prepare(np.asarray(picture)).ravel())
        except ValueError:
            continue
    return np.array(samples)


def _scribble(rng: np.random.Generator) -> Image.Image:
    """Draw a line to and fro on grey paper."""
    picture = Image.new("L", (SIDE, SIDE), 235)
    low, high = rng.integers(10, 120), rng.integers(180, 290)
    points = [tuple(point) for point in rng.uniform(low, high, (rng.integers(3, 40), 2))]
    width = int(rng.integers(3, 16))
    ImageDraw.Draw(picture).line(points, fill=20, width=width, joint="curve")
    return picture


def _noise(rng: np.random.Generator) -> NDArray[Any]:
    """Draw dark blots: where blurred noise is highest."""
    noise = Image.fromarray(rng.integers(0, 256, (SIDE, SIDE), np.uint8))
    field = np.asarray(noise.filter(ImageFilter.GaussianBlur(rng.uniform(8, 30))), np.float64)
    field += rng.uniform(0, 0.5, field.shape)  # blurring rounds
    return np.where(field > np.quantile(field, rng.uniform(0.7, 0.95)), 0, 255)


def _several(digits: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """Put two or three digits side by side."""
    chosen = digits[rng.integers(0, len(digits), rng.integers(2, 4))].reshape(-1, 28, 28)
    return np.kron(np.concatenate(list(chosen[:, :, 4:24]), axis=1), np.ones((3, 3)))
