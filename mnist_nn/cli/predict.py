"""``mnist-nn predict``: read digits, or what else a model knows, in image files."""

import contextlib
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from ..blas import one_blas_thread
from ..data import SampleFormat
from ..errors import ConfigError, DataError, ModelError, escaped
from ..images import MAX_BYTES, decode_image, images_in, make_sample, prepare, read_content
from ..model import Model, check_fits, load_model
from .options import Debug, ModelFile
from .prediction_output import PredictionOutput
from .signals import Interrupted, exit_code_of

STDIN = "-"


def predict(
    model: ModelFile,
    images: Annotated[
        list[str],
        typer.Argument(
            metavar="IMAGE",
            help="PNG, JPEG, BMP, GIF, WebP, TIFF or .npy files, or folders of them; - is standard "
            "input.",
        ),
    ],
    show: Annotated[
        bool, typer.Option("--show", help="Draw each image as the model sees it, pixel by pixel.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON array with an object per image.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Read digits in photographs, scans and drawings.

    Each image holds one digit or letter, dark on light or light on dark. It is preprocessed as
    MNIST was: converted to grey, paper levelled, cropped, fitted into 20×20 and centred in 28×28
    pixels. For a model of other images (clothes, your own) it is converted to grey and resized to
    the size of these, and inverted if they were; a .npy file of that size is taken as it is.

    Images of a folder are read in natural order, 2.png before 10.png. An image that cannot be read
    is reported, the others are still read, and the exit code is 1. All but .npy need Pillow
    (extra: images).

    With --json each object has file, class, probability (or output, if the model gives no
    probabilities) and outputs, one for each class; or file and error.
    """
    if show and as_json:
        raise ConfigError("--show and --json cannot be combined; choose one")
    trained = load_model(model)
    _check(trained, model)
    names = trained.format.class_names
    kind = "probability" if trained.network.output.probability else "output"
    paths = _expand_folders(images)
    output = PredictionOutput(
        paths, names, kind, many=paths != images[:1], show=show, as_json=as_json
    )
    read_stdin = cache(_read_stdin)  # it can be read only once, but may be named several times
    with contextlib.closing(output):
        try:
            for path in paths:
                try:
                    pixels = _read(path, read_stdin, trained.format)
                except DataError as error:
                    output.add_error(path, str(error))
                else:
                    outputs = _outputs(trained, pixels)
                    best = int(outputs.argmax())
                    row = {"file": path, "class": names[best], kind: float(outputs[best])}
                    row["outputs"] = dict(zip(names, map(float, outputs), strict=True))
                    output.add(row, pixels)
                output.count()
        except KeyboardInterrupt as error:
            output.finish()
            message = f"interrupted: {output.read} of {len(paths)} images were read"
            raise Interrupted(exit_code_of(error) - 128, message) from None
        output.finish()
    if output.failed:
        raise typer.Exit(1)


def _expand_folders(paths: list[str]) -> list[str]:
    """Replace each folder by the images in it; one without images is kept, to be reported."""
    expanded: list[str] = []
    for path in paths:
        found: list[str] = []
        with contextlib.suppress(OSError):  # reading the path reports it
            if path and Path(path).is_dir():
                found = list(map(str, images_in(Path(path))))
        expanded += found or [path]
    return expanded


def _read_stdin() -> bytes:
    return sys.stdin.buffer.read(MAX_BYTES + 1) if sys.stdin else b""


def _check(trained: Model, model: Path) -> None:
    """Refuse a model that reads no pictures, or whose parts do not fit: ConfigError."""
    name, samples = trained.config.data.dataset, trained.format
    if samples.preparation is None:
        raise ConfigError(
            f"{model} reads {samples.n_inputs} numbers per sample of {name}, not images; use a "
            "model that was trained on images"
        )
    check_fits(trained.config, name, samples)


def _read(path: str, read_stdin: Callable[[], bytes], samples: SampleFormat) -> NDArray[Any]:
    """Read one image and make a sample of it, (h, w): bytes, or floats of 0 to 1."""
    name = "standard input" if path == STDIN else escaped(path)
    shape, preparation = samples.image_shape, samples.preparation
    assert shape is not None
    assert preparation is not None
    try:
        content = read_stdin() if path == STDIN else read_content(path, name)
        if preparation.method == "mnist":
            return prepare(decode_image(content, name))
        return make_sample(content, name, shape, invert=preparation.invert)
    except ValueError as error:
        raise DataError(f"{name} cannot be read: {error}") from None
    except MemoryError:
        raise DataError(f"{name} needs more memory than there is; make it smaller") from None
    except OSError as error:
        raise DataError(f"{name}: {error.strerror or error}") from None


def _outputs(trained: Model, pixels: NDArray[Any]) -> NDArray[Any]:
    """Return the network's outputs for an image."""
    network = trained.network
    x = pixels.reshape(1, -1)
    if x.dtype != np.uint8:
        x = x.astype(network.dtype)
    with one_blas_thread(), np.errstate(all="ignore"):  # not finite is an error below
        outputs: NDArray[Any] = network.predict(x)[0]
    if not np.isfinite(outputs).all():
        raise ModelError(
            "the model cannot read images: its outputs are not finite numbers; train it again, "
            "with a smaller learning rate"
        )
    return outputs
