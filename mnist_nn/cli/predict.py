"""``mnist-nn predict``: read digits in image files."""

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
from ..data import datasets_that
from ..errors import ConfigError, DataError, ModelError, escaped
from ..images import (
    MAX_BYTES,
    PREPARED_SHAPE,
    decode_image,
    images_in,
    prepare,
    read_image,
)
from ..model import Model, check_fits, load_model
from .guard import eprint
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
            help="PNG, JPEG, BMP, GIF, WebP, TIFF or .npy files, or folders of them; - is standard input.",
        ),
    ],
    show: Annotated[
        bool, typer.Option("--show", help="Draw each image as the model sees it, in 28×28 pixels.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON array with an object per image.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Read digits in photographs, scans and drawings.

    Each image holds one digit, dark on light or light on dark. It is preprocessed as MNIST was:
    converted to grey, paper levelled, cropped, fitted into 20×20 and centred in 28×28 pixels.
    Images of a folder are read in natural order, 2.png before 10.png. An image that cannot be read
    is reported, the others are still read, and the exit code is 1. All but .npy need Pillow
    (extra: images).

    With --json each object has file, class, probability (or output, if the model gives no
    probabilities) and outputs, one for each class; or file and error.
    """
    if show and as_json:
        raise ConfigError("--show and --json cannot be combined; choose one")
    trained = load_model(model)
    names = _class_names(trained, model)
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
                    prepared = _prepare(path, read_stdin)
                except DataError as error:
                    output.add_error(path, str(error))
                else:
                    outputs = _outputs(trained, prepared)
                    best = int(outputs.argmax())
                    row = {"file": path, "class": names[best], kind: float(outputs[best])}
                    row["outputs"] = dict(zip(names, map(float, outputs), strict=True))
                    output.add(row, prepared)
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


def _class_names(trained: Model, model: Path) -> tuple[str, ...]:
    """Return the names of the classes; ConfigError unless the model reads images like MNIST's."""
    name, samples = trained.config.data.dataset, trained.format
    if samples.image_shape != PREPARED_SHAPE or trained.network.sizes[0] != samples.n_inputs:
        raise ConfigError(
            f"{model} reads {trained.network.sizes[0]} numbers of {name}, not images of "
            f"{'×'.join(map(str, PREPARED_SHAPE))} pixels; use a model trained on "
            f"{datasets_that(lambda known: known.format.holds_digits)}"
        )
    check_fits(trained.config, name, samples)
    if not samples.holds_digits:
        eprint(
            f"note: {model} was trained on {name}, but images are preprocessed as MNIST's digits"
        )
    return samples.class_names


def _prepare(path: str, read_stdin: Callable[[], bytes]) -> NDArray[np.float64]:
    """Read and preprocess one image; DataError if that is not possible."""
    name = "standard input" if path == STDIN else escaped(path)
    try:
        grey = decode_image(read_stdin(), name) if path == STDIN else read_image(Path(path), name)
        return prepare(grey)
    except ValueError as error:
        raise DataError(f"{name} cannot be read: {error}") from None
    except MemoryError:
        raise DataError(f"{name} needs more memory than there is; make it smaller") from None
    except OSError as error:
        raise DataError(f"{name}: {error.strerror or error}") from None


def _outputs(trained: Model, prepared: NDArray[np.float64]) -> NDArray[Any]:
    """Return the network's outputs for a preprocessed image."""
    network = trained.network
    with one_blas_thread(), np.errstate(all="ignore"):  # not finite is an error below
        outputs: NDArray[Any] = network.predict(prepared.reshape(1, -1).astype(network.dtype))[0]
    if not np.isfinite(outputs).all():
        raise ModelError(
            "the model cannot read images: its outputs are not finite numbers; train it again, "
            "with a smaller learning rate"
        )
    return outputs
