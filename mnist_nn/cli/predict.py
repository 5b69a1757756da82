"""``mnist-nn predict``: what a model takes pictures for, whoever made them."""

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import escaped
from .guard import eprint
from .options import Debug
from .signals import Interrupted, exit_code_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..model import Model

STDIN = "-"


def predict(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A file that train wrote.")],
    images: Annotated[
        list[str],
        typer.Argument(
            metavar="IMAGE...",
            help="PNG, JPEG, BMP or .npy files, or folders of them; - is standard input.",
        ),
    ],
    show: Annotated[
        bool, typer.Option("--show", help="Draw each picture as the model gets to see it.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON array, an object per picture.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Read digits in pictures: photographs, scans and drawings, dark on light or light on dark.

    Each picture holds one digit. It is prepared as MNIST's were: grey, paper levelled, cropped,
    fitted into 20×20 and centred in 28×28. A folder stands for the pictures in it, 2.png before
    10.png. What cannot be read is reported, the others are read, and the exit code is 1. PNG, JPEG
    and BMP need Pillow, which the extra named pictures installs.

    With --json an object has file, class, probability (output, if the model's outputs are none) and
    outputs, one for each class; or file and error.
    """
    from ..errors import ConfigError
    from ..model import load_model
    from .prediction_output import Predictions

    if show and as_json:
        raise ConfigError("--show draws for people and --json prints for programs; choose one")
    trained = load_model(model)
    names = _class_names(trained, model)
    listed = _listed(images)
    predictions = Predictions(
        listed, names, _kind(trained), many=listed != images[:1], show=show, as_json=as_json
    )
    given = _Stdin()
    with contextlib.closing(predictions):
        try:
            for image in listed:
                try:
                    prepared = _prepared(image, given)
                except _Unreadable as error:
                    predictions.add_error(image, str(error))
                else:
                    predictions.add(_reading(trained, names, image, prepared), prepared)
                predictions.count()
        except KeyboardInterrupt as error:
            predictions.finish()
            read = f"interrupted: {predictions.read} of {len(listed)} pictures were read"
            raise Interrupted(exit_code_of(error) - 128, read) from None
        predictions.finish()
    if predictions.failed:
        raise typer.Exit(1)


def _listed(images: list[str]) -> list[str]:
    """Put the pictures of a folder in its place; one that has none is kept, to be reported."""
    from ..images import images_in

    listed: list[str] = []
    for image in images:
        found: list[str] = []
        with contextlib.suppress(OSError):  # which reading it will meet again
            if image and Path(image).is_dir():
                found = list(map(str, images_in(Path(image))))
        listed += found or [image]
    return listed


class _Unreadable(Exception):
    """A picture cannot be read; the others may be."""


class _Stdin:
    """Standard input, which can be read only once, however often it is named."""

    content: bytes | None = None

    def read(self, limit: int) -> bytes:
        if self.content is None:
            self.content = sys.stdin.buffer.read(limit) if sys.stdin else b""
        return self.content


def _class_names(trained: "Model", model: Path) -> tuple[str, ...]:
    """Name the classes, if the model is one for images like MNIST's."""
    from ..data import dataset_info, datasets_that
    from ..errors import ConfigError
    from ..images import PREPARED_SHAPE
    from ..model import check_fits

    name = trained.config.data.dataset
    info = dataset_info(name)
    if info.image_shape != PREPARED_SHAPE or trained.network.sizes[0] != info.n_inputs:
        raise ConfigError(
            f"{model} reads {trained.network.sizes[0]} numbers of {name}, not images of "
            f"{'×'.join(map(str, PREPARED_SHAPE))} pixels; use a model trained on "
            f"{datasets_that(lambda known: known.holds_digits)}"
        )
    check_fits(trained.config, name, info)
    if not info.holds_digits:
        eprint(f"note: {model} has learnt {name}, but pictures are prepared as digits of MNIST are")
    return info.class_names


def _kind(trained: "Model") -> str:
    """Say what the model's outputs are."""
    certain = trained.network.output.probability
    return "probability" if certain else "output"


def _prepared(image: str, given: _Stdin) -> "NDArray[np.float64]":
    """Read and prepare one picture."""
    from ..errors import DataError
    from ..images import MAX_BYTES, decode_image, prepare, read_image

    name = "standard input" if image == STDIN else escaped(image)
    try:
        if image == STDIN:
            grey = decode_image(given.read(MAX_BYTES + 1), name)
        else:
            grey = read_image(Path(image), name)
        return prepare(grey)
    except DataError as error:
        raise _Unreadable(str(error)) from None
    except ValueError as error:
        raise _Unreadable(f"{name} cannot be read: {error}") from None
    except MemoryError:
        raise _Unreadable(f"{name} needs more memory than there is; make it smaller") from None
    except OSError as error:
        raise _Unreadable(f"{name}: {error.strerror or error}") from None


def _reading(
    trained: "Model", names: tuple[str, ...], image: str, prepared: "NDArray[np.float64]"
) -> dict[str, Any]:
    """Let the network read a prepared picture: a row of the answer."""
    import numpy as np

    from ..blas import one_blas_thread
    from ..errors import ModelError

    network = trained.network
    with one_blas_thread(), np.errstate(all="ignore"):  # not finite is an error below
        outputs = network.predict(prepared.reshape(1, -1).astype(network.dtype))[0]
    if not np.isfinite(outputs).all():
        raise ModelError("the model cannot read pictures: its outputs are not finite numbers")
    best = int(outputs.argmax())
    return {
        "file": image,
        "class": names[best],
        _kind(trained): float(outputs[best]),
        "outputs": dict(zip(names, map(float, outputs), strict=True)),
    }
