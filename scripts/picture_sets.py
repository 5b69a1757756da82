"""Sets of pictures with a digit in each, to measure how well they are read.

Two of them are real or drawn pictures in folders beside the project. Two are made here: digits of
Debian's handwriting fonts, and MNIST's test digits pasted on paper.
"""

import argparse
from collections.abc import Iterator
from csv import DictReader
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from mnist_nn.data import load_dataset

DOCS = Path(__file__).parents[1] / "docs"
BESIDE = Path(__file__).parents[2] / "shared" / "data"  # the clone
FONTS = Path("/usr/share/fonts")
# in these Debian packages: fonts-aoyagi-kouzan-t, fonts-aoyagi-soseki, fonts-breip, fonts-bwht,
# fonts-comic-neue, fonts-dancingscript, fonts-dkg-handwriting, fonts-dustin, fonts-gfs-gazis,
# fonts-humor-sans, fonts-isabella, fonts-kalapi, fonts-kaushanscript, fonts-kiloji, fonts-klee,
# fonts-kristi, fonts-leckerli-one, fonts-lobstertwo, fonts-nanum-extra, fonts-navilu,
# fonts-rufscript, fonts-seto, fonts-sjfonts, fonts-smc-chilanka, fonts-summersby,
# fonts-tomsontalks, fonts-unfonts-extra, fonts-yusei-magic
FONTS_TO_CHOOSE_BY = (
    "AoyagiKouzanT.ttf",
    "Breip.ttf",
    "BecauseWeBuild-Regular.otf",
    "BecauseWeCreate-Regular.otf",
    "BecauseWeMentor-Regular.otf",
    "ComicNeue-Regular.otf",
    "dkg.ttf",
    "Domestic_Manners.ttf",
    "Junkyard.ttf",
    "GFSGazis.otf",
    "Isabella.ttf",
    "KaushanScript-Regular.otf",
    "KleeOne-Regular.ttf",
    "LeckerliOne-Regular.ttf",
    "NanumBarunpenR.ttf",
    "NanumPen.ttf",
    "Rufscript010.ttf",
    "Delphine.ttf",
    "Chilanka-Regular.otf",
    "UnPilgia.ttf",
)
FONTS_TO_REPORT = (
    "aoyagi-soseki.ttf",
    "BecauseWeConnect-Regular.otf",
    "BecauseWeLearn-Regular.otf",
    "BecauseWeOrganize-Regular.otf",
    "DancingScript-Regular.otf",
    "dkgIt.ttf",
    "El_Abogado_Loco.ttf",
    "PenguinAttack.ttf",
    "Humor-Sans.ttf",
    "Kalapi.ttf",
    "kiloji.ttf",
    "Kristi.ttf",
    "LobsterTwo-Regular.otf",
    "NanumBrush.ttf",
    "Navilu.ttf",
    "setofont.ttf",
    "SteveHand.ttf",
    "summersby.ttf",
    "TomsonTalks.ttf",
    "YuseiMagic-Regular.ttf",
)
ON_PAPER = 500  # pictures


class Picture(NamedTuple):
    """A picture's file, the digit in it, and its set and kind."""

    path: Path
    digit: str
    kind: str


def parsed(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """Read the command line of a script that measures models on these sets."""
    parser.add_argument("models", nargs="+", metavar="NAME=MODEL", help="models to measure")
    parser.add_argument("--data", type=Path, default=BESIDE, help="folder of the real pictures")
    parser.add_argument("--fonts", type=Path, default=FONTS, help="folder of Debian's fonts")
    parser.add_argument(
        "--output", type=Path, default=DOCS, help="folder of the results (default: docs)"
    )
    chosen = parser.parse_args()
    if not all("=" in model for model in chosen.models):
        parser.error("a model is given as NAME=MODEL, such as base=model.pkl")
    return chosen


def handwriting(folder: Path) -> Iterator[Picture]:
    """Yield real pictures of a folder with labels.csv: the first half, to choose by, then the rest.

    They were drawn or photographed by many people.
    """
    with (folder / "labels.csv").open() as file:
        rows = list(DictReader(file))
    for i, row in enumerate(rows):
        half = "first half" if i < len(rows) // 2 else "second half"
        yield Picture(folder / row["file"], row["digit"], f"handwriting, {half}: {row['kind']}")


def failing(folder: Path) -> Iterator[Picture]:
    """Yield pictures named ``kind_DIGIT.suffix`` with one digit each."""
    for path in sorted(folder.iterdir()):
        kind, _, digit = path.stem.rpartition("_")
        if digit.isdigit() and not kind.startswith(("several", "none")):
            name = kind.rstrip("_0123456789").replace("_", " ")
            yield Picture(path, digit, f"drawn to fail: {name}")


def fonts(names: tuple[str, ...], kind: str, root: Path, output: Path) -> Iterator[Picture]:
    """Draw the ten digits of fonts, dark on light, 200 pixels high in pictures of 300×300."""
    output.mkdir(parents=True, exist_ok=True)
    places = {path.name: path for path in root.rglob("*.[to]tf")}
    for name in names:
        for digit in "0123456789":
            path = output / f"{Path(name).stem}_{digit}.png"
            draw_character(digit, places[name]).save(path)
            yield Picture(path, digit, f"fonts, {kind}")


def draw_character(character: str, path: Path) -> Image.Image:
    """Draw a character of the font in a file."""
    left, top, right, bottom = ImageFont.truetype(path, 200).getbbox(character)
    font = ImageFont.truetype(path, 200 * 200 / max(right - left, bottom - top))
    left, top, right, bottom = font.getbbox(character)
    picture = Image.new("L", (300, 300), 245)
    place = (150 - (left + right) / 2, 150 - (top + bottom) / 2)
    ImageDraw.Draw(picture).text(place, character, 30, font)
    return picture


def on_paper(output: Path) -> Iterator[Picture]:
    """Paste MNIST's test digits on paper: uneven light, noise, any size, place and ink."""
    output.mkdir(parents=True, exist_ok=True)
    test, rng = load_dataset("mnist").test, np.random.default_rng(0)
    assert test
    for i in range(ON_PAPER):
        image = np.asarray(test.x[i]).reshape(28, 28) / 255
        path = output / f"{i}.png"
        Image.fromarray(paste(image, rng)).save(path)
        yield Picture(path, str(test.y[i]), "MNIST's test digits on paper")


def paste(digit: NDArray[Any], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw a digit on paper that gets lighter to the right and below."""
    h, w, times = 220, 260, int(rng.integers(3, 8))
    y, x = np.mgrid[:h, :w]
    paper = 120 + 60 * x / w + 50 * y / h + rng.normal(0, rng.choice([0, 5, 10]), (h, w))
    strokes = np.kron(digit, np.ones((times, times)))
    top, left = (rng.integers(0, side - 28 * times + 1) for side in (h, w))
    place = paper[top : top + 28 * times, left : left + 28 * times]
    place += (rng.choice([20, 255]) - place) * strokes
    pasted: NDArray[np.uint8] = np.clip(paper, 0, 255).astype(np.uint8)
    return pasted


def photograph(path: Path) -> Picture:
    """Draw a photograph of 12 megapixels: a digit on a sheet of paper, on a dark table."""
    y, x = np.mgrid[:3000, :4000].astype(np.float32)
    light = 150 + 60 * x / 4000 + 30 * y / 3000
    light += np.random.default_rng(0).normal(0, 4, light.shape).astype(np.float32)
    light[:, :400] *= 0.25
    picture = Image.fromarray(np.clip(light, 0, 255).astype(np.uint8)).convert("RGB")
    strokes = [(1500, 700), (2600, 700), (1900, 2400)]
    ImageDraw.Draw(picture).line(strokes, fill=(30, 35, 90), width=90, joint="curve")
    picture.save(path, quality=90)
    return Picture(path, "7", "photograph of 12 megapixels")
