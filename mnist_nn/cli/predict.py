"""``mnist-nn predict``: tell the classes of images, and of the rows of tables."""

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
from ..images import MAX_BYTES, decode_picture, images_in, make_sample, prepare, read_content
from ..model import Model, load_model
from .options import Debug, ModelFile
from .prediction_output import PredictionOutput
from .signals import Interrupted, exit_code_of
from .table_rows import TableRows, is_table

STDIN = "-"


def predict(
    model: ModelFile,
    images: Annotated[
        list[str],
        typer.Argument(
            metavar="IMAGE",
            help="PNG, JPEG, BMP, GIF, WebP, TIFF, HEIC, AVIF or .npy files, or folders of them; - "
            "is standard input. Or tables, .csv or .csv.gz, with a sample in each row.",
        ),
    ],
    show: Annotated[
        bool, typer.Option("--show", help="Draw each image as the model sees it, pixel by pixel.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON array with an object per sample.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Predict the classes of pictures, or of the rows of a table.

    A picture is a photograph, scan or drawing of one digit or letter, dark on light or light on
    dark. It is preprocessed as MNIST was: converted to grey, paper levelled, cropped, fitted into
    20×20 and centred in 28×28 pixels. For a model of other images (clothes, your own) it is
    converted to grey and resized to the size of these, and inverted if they were; a .npy file of
    that size is taken as it is.

    Images of a folder are read in natural order, 2.png before 10.png. An image that cannot be read
    is reported, the others are still read, and the exit code is 1. All but .npy need Pillow
    (extra: images).

    A table (.csv, .tsv, .data, .txt, or one of these with .gz) has a row for each sample and no
    labels, with or without a header, as Kaggle's test.csv. It is read whole, and checked, before
    anything is predicted. Rows of images are pixels of 0 to 255 and are not preprocessed; other
    rows are measurements in the units of the training data. FILE:1 is the first sample, the header
    not counted.

    With --json each object has file, class, probability (or output, if the model gives no
    probabilities) and outputs, one for each class; or file and error.
    """
    if show and as_json:
        raise ConfigError("--show and --json cannot be combined; choose one")
    trained = load_model(model)
    paths = _expand_folders(images)
    _check(trained, model, paths, show=show)
    names = trained.format.class_names
    kind = "probability" if trained.network.output.probability else "output"
    tables = {path: TableRows(path, trained.format) for path in paths if is_table(path)}
    samples = [
        name for path in paths for name in (tables[path].names if path in tables else [path])
    ]
    many = bool(tables) or paths != images[:1]
    unit = "samples" if tables else "images"
    output = PredictionOutput(
        samples, names, kind, many=many, unit=unit, show=show, as_json=as_json
    )
    read_stdin = cache(_read_stdin)  # it can be read only once, but may be named several times
    with contextlib.closing(output):
        try:
            for path in paths:
                try:
                    if path in tables:
                        for files, x in tables[path].batches():
                            _predict(trained, files, x, output)
                    else:
                        pixels = _read(path, read_stdin, trained.format)
                        _predict(trained, [path], pixels[None], output)
                except DataError as error:
                    output.add_error(path, str(error))
                    output.count(1)
        except KeyboardInterrupt as error:
            output.finish()
            message = f"interrupted: {output.read} of {len(samples)} {unit} were read"
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


def _check(trained: Model, model: Path, paths: list[str], *, show: bool) -> None:
    """Refuse pictures for a model that reads none: ConfigError."""
    name, samples = trained.config.data.dataset, trained.format
    reads = f"{model} reads {samples.n_inputs:,} numbers per sample of {name}, not images"
    if samples.preparation is None and not all(map(is_table, paths)):
        raise ConfigError(
            f"{reads}; give it a table, a .csv with {samples.n_inputs:,} numbers in each row, or "
            "use a model that was trained on images"
        )
    if samples.image_shape is None and show:
        raise ConfigError(f"--show draws images; {reads}")


def _read(path: str, read_stdin: Callable[[], bytes], samples: SampleFormat) -> NDArray[Any]:
    """Read one image and make a sample of it, (h, w): bytes, or floats of 0 to 1."""
    name = "standard input" if path == STDIN else escaped(path)
    shape, preparation = samples.image_shape, samples.preparation
    assert shape is not None
    assert preparation is not None
    try:
        content = read_stdin() if path == STDIN else read_content(path, name)
        if preparation.method == "mnist":
            return prepare(decode_picture(content, name).pixels)
        return make_sample(content, name, shape, invert=preparation.invert)
    except ValueError as error:
        raise DataError(f"{name} cannot be read: {error}") from None
    except MemoryError:
        raise DataError(f"{name} needs more memory than there is; make it smaller") from None
    except OSError as error:
        raise DataError(f"{name}: {error.strerror or error}") from None


def _predict(trained: Model, files: list[str], x: NDArray[Any], output: PredictionOutput) -> None:
    """Predict samples (n, …) and print their classes."""
    rows = []
    for file, outputs in zip(files, _outputs(trained, files, x).tolist(), strict=True):
        of_classes = dict(zip(trained.format.class_names, outputs, strict=True))
        best = max(of_classes, key=of_classes.__getitem__)
        rows.append(
            {"file": file, "class": best, output.kind: of_classes[best], "outputs": of_classes}
        )
    output.add(rows, x)
    output.count(len(rows))


def _outputs(trained: Model, files: list[str], x: NDArray[Any]) -> NDArray[Any]:
    """Return the network's outputs for samples (n, …), one for each class."""
    with one_blas_thread(), np.errstate(all="ignore"):  # not finite is an error below
        outputs: NDArray[Any] = trained.network.predict(x.reshape(len(x), -1))
    finite = np.isfinite(outputs).all(axis=1)
    if not finite.all():
        raise ModelError(
            f"the model's outputs for {escaped(files[finite.argmin()])} are not finite numbers; "
            "unless the sample has huge numbers, train it again, with a smaller learning rate"
        )
    return outputs if outputs.shape[1] > 1 else np.hstack([1 - outputs, outputs])
