"""``mnist-nn predict``: what a model takes pictures for, whoever made them."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .guard import note, printable
from .options import Debug

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..model import Model

STDIN = "-"
CANDIDATES = 3  # in the table of several pictures: the answer and two others


def predict(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A file that train wrote.")],
    images: Annotated[
        list[str],
        typer.Argument(
            metavar="IMAGE...", help="PNG, JPEG, BMP or .npy files; - is standard input."
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
    fitted into 20×20 and centred in 28×28. What cannot be read is reported, the others are read,
    and the exit code is 1. PNG, JPEG and BMP need Pillow, which the extra named pictures installs.

    With --json an object has file, class, probability (output, if the model's outputs are none) and
    outputs, one for each class; or file and error.
    """
    from ..errors import ConfigError
    from ..model import load_model

    if show and as_json:
        raise ConfigError("--show draws for people and --json prints for programs; choose one")
    trained = load_model(model)
    names = _class_names(trained, model)
    rows: list[dict[str, Any]] = []
    given = _Stdin()
    for image in images:
        try:
            prepared = _prepared(image, given)
        except _Unreadable as error:
            note(f"error: {error}")
            rows.append({"file": image, "error": str(error)})
            continue
        rows.append(_reading(trained, names, image, prepared))
        if show:
            _draw(image, prepared, many=len(images) > 1)
    if as_json:
        typer.echo(json.dumps(rows))
    else:
        _print_table([row for row in rows if "class" in row], many=len(images) > 1)
    if any("error" in row for row in rows):
        raise typer.Exit(1)


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
    """Name the classes, if the model is one for 28×28 pictures."""
    from ..data import dataset_info
    from ..errors import ConfigError
    from ..model import check_fits

    name = trained.config.data.dataset
    info = dataset_info(name)
    if trained.network.sizes[0] != 784 or info.n_inputs != 784:
        raise ConfigError(
            f"{model} reads {trained.network.sizes[0]} numbers of {name}, not 28×28 pictures; "
            "use a model trained on digits"
        )
    check_fits(trained.config, name, info)
    if not name.startswith("mnist"):
        note(f"note: {model} has learnt {name}, but pictures are prepared as digits of MNIST are")
    return info.class_names


def _prepared(image: str, given: _Stdin) -> "NDArray[np.float64]":
    """Read and prepare one picture."""
    from ..errors import DataError
    from ..pictures import MAX_BYTES, decode_picture, prepare, read_picture

    name = "standard input" if image == STDIN else image
    try:
        if image == STDIN:
            grey = decode_picture(given.read(MAX_BYTES + 1), name)
        else:
            grey = read_picture(Path(image))
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
        outputs = network.predict(prepared.reshape(1, 784).astype(network.dtype))[0]
    if not np.isfinite(outputs).all():
        raise ModelError("the model cannot read pictures: its outputs are not finite numbers")
    best = int(outputs.argmax())
    certain = network.layers[-1].activation.name in ("softmax", "sigmoid")
    return {
        "file": image,
        "class": names[best],
        "probability" if certain else "output": float(outputs[best]),
        "outputs": dict(zip(names, map(float, outputs), strict=True)),
    }


def _print_table(rows: list[dict[str, Any]], *, many: bool) -> None:
    """Print for people: all classes of a single picture, or a line for each of several."""
    from .tables import table

    if not rows:
        return
    kind = "probability" if "probability" in rows[0] else "output"

    def worded(value: float) -> str:
        return f"{value:.2%}" if kind == "probability" else f"{value:.4g}"

    ranked = [sorted(row["outputs"].items(), key=lambda item: -item[1]) for row in rows]
    if not many:
        typer.echo(f"{printable(rows[0]['file'])}: {rows[0]['class']}\n")
        typer.echo(table(("class", kind), [(name, worded(p)) for name, p in ranked[0]]))
        return
    lines = [
        (
            printable(row["file"]),
            *(cell for name, p in order[:CANDIDATES] for cell in (name, worded(p))),
        )
        for row, order in zip(rows, ranked, strict=True)
    ]
    typer.echo(table(("file", "class", kind, "second", kind, "third", kind), lines))


def _draw(image: str, prepared: "NDArray[np.float64]", *, many: bool) -> None:
    from ..pictures import draw_blocks

    colours = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    if many:
        typer.echo(f"{printable(image)}:")
    typer.echo(draw_blocks(prepared, shades=colours and "NO_COLOR" not in os.environ) + "\n")
