"""``mnist-nn predict``: tell the classes of images, and of the rows of tables."""

import contextlib
from pathlib import Path
from typing import Annotated

import typer

from ..errors import ConfigError, DataError
from ..images import images_in
from .explain import check_explained
from .models import AnyModel, load_named, members_of, name_of, split_models
from .options import Debug, Together
from .prediction_layout import ClassesLayout, DigitsLayout, Layout, RowsLayout
from .prediction_output import PredictionOutput
from .predictions import kind_of
from .predictor import Predictor
from .signals import Interrupted, exit_code_of
from .table_rows import TableRows, is_table


def predict(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="[MODEL]... IMAGE",
            help="MODEL is a model file, written by mnist-nn train or convert; left out, it is the "
            "model that ships with mnist-nn, which reads digits. IMAGE: PNG, JPEG, BMP, GIF, WebP, "
            "TIFF, HEIC, AVIF or .npy files, or folders of them; - is standard input. Or tables, "
            ".csv or .csv.gz, with a sample in each row.",
            show_default=False,
        ),
    ],
    together: Together = False,
    line: Annotated[
        bool,
        typer.Option("--line", help="Read a line of several digits, from the left: 19973."),
    ] = False,
    grid: Annotated[
        bool,
        typer.Option("--grid", help="Read a sheet of digits in rows, such as 5 rows of 10."),
    ] = False,
    crops: Annotated[
        Path | None,
        typer.Option(
            "--crops",
            metavar="DIR",
            help="With --line or --grid: also write each digit, cut out of its picture, to this "
            "new folder, as photo-001-7.png.",
        ),
    ] = None,
    min_probability: Annotated[
        float | None,
        typer.Option(
            "--min-probability",
            metavar="P",
            min=0,
            max=1,
            help="Answer ? where no class has this probability; 0 answers always.",
            show_default="the model's own, with which 99 % of its validation samples are answered",
        ),
    ] = None,
    explain: Annotated[
        Path | None,
        typer.Option(
            "--explain",
            metavar="FILE",
            help="Draw how a picture was read to a PNG: the ink that was found, what the model "
            "sees, and the probabilities. Needs matplotlib (extra: plots).",
        ),
    ] = None,
    show: Annotated[
        bool, typer.Option("--show", help="Draw each image as the model sees it, pixel by pixel.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON array with an object per sample.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Predict the classes of pictures, or of the rows of a table.

    Digits can be read right after the installation, by the model that ships with mnist-nn; then by
    your own models, which come before the pictures, and by several together:

    [bold]mnist-nn predict photo.png[/bold]

    [bold]mnist-nn predict model.pkl photo.png[/bold]

    [bold]mnist-nn predict model-seed*.pkl photo.png --together[/bold]

    A picture is a photograph, scan or drawing of one digit or letter, dark on light or light on
    dark. It is preprocessed as MNIST was: the ink is found, cropped, fitted into 20×20 and centred
    in 28×28 pixels. For a model of other images (clothes, your own) it is converted to grey and
    resized to the size of these, and inverted if they were; a .npy file of that size is taken as it
    is.

    Of a picture of several digits, --line reads one line and --grid rows of digits; the probability
    is that all of them are right. Leave gaps between the digits: those that touch are read as one,
    with a note if that is as wide as two.

    The answer is ? where the model is not sure enough, where a sample is unlike those that it was
    trained on, or where there are several digits without --line or --grid; of several models, where
    not more than half of them are sure of the same class. In a table of many
    pictures such an answer is shown as 7?, and in JSON its class is still the likeliest, but
    "known" is false. The exit code does not change.

    Images of a folder are read in natural order, 2.png before 10.png. An image that cannot be read
    is reported, the others are still read, and the exit code is 1. Images need Pillow and OpenCV
    (extra: images).

    A table (.csv, .tsv, .data, .txt, or one of these with .gz) has a row for each sample and no
    labels, with or without a header, as Kaggle's test.csv. It is read whole, and checked, before
    anything is predicted. Rows of images are pixels of 0 to 255 and are not preprocessed; other
    rows are measurements in the units of the training data. FILE:1 is the first sample, the header
    not counted.

    With --json each object has file, class, probability (or output, if the model gives no
    probabilities), known, outputs, one for each class, and for pictures of digits n_digits; or
    file and error. With --line or --grid it has file, text, probability, known and digits: an
    object for each with row, class, probability, known, outputs, touching, box (left, top, right
    and bottom in pixels of the upright picture) and, with --crops, crop.
    """
    if show and as_json:
        raise ConfigError("--show and --json cannot be combined; choose one")
    if line and grid:
        raise ConfigError("--line and --grid cannot be combined; choose one")
    layout = "line" if line else "grid" if grid else None
    if crops and not layout:
        raise ConfigError("--crops needs --line or --grid, which find the digits to be cut out")
    models, images = split_models(inputs)
    if not images:
        raise ConfigError(f"no picture is named: mnist-nn predict {' '.join(inputs)} photo.png")
    trained = load_named(models, together=together)
    paths = _expand_folders(images)
    option = f"--{layout}" if layout else "--explain" if explain else None
    _check(trained, name_of(models[0] if models else None), paths, show=show, option=option)
    if explain:
        check_explained(explain, trained, models, list(map(Path, paths)))
    tables = {path: TableRows(path, trained.format) for path in paths if is_table(path)}
    samples = [
        name for path in paths for name in (tables[path].names if path in tables else [path])
    ]
    many, unit = bool(tables) or paths != images[:1], "samples" if tables else "images"
    output = PredictionOutput(
        _text_layout(trained, samples, layout, many=many),
        len(samples),
        unit,
        many=many,
        show=show,
        as_json=as_json,
    )
    with contextlib.closing(output):
        predictor = Predictor(trained, output, layout, min_probability, crops, explain)
        try:
            for path in paths:
                try:
                    if path in tables:
                        predictor.table(tables[path])
                    else:
                        predictor.picture(path)
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


def _text_layout(
    trained: AnyModel, samples: list[str], layout: str | None, *, many: bool
) -> Layout:
    """Choose how predictions are laid out as text."""
    kind = kind_of(trained)
    if layout:
        return DigitsLayout(kind, many=many)
    if many:
        return RowsLayout(samples, trained.format.class_names, kind)
    return ClassesLayout(kind)


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


def _check(
    trained: AnyModel, model: str, paths: list[str], *, show: bool, option: str | None
) -> None:
    """Refuse pictures for a model that reads none; ConfigError.

    `option` is for digits and letters: other pictures are refused with it.
    """
    name, samples = members_of(trained)[0].config.data.dataset, trained.format
    reads = f"{model} reads {samples.n_inputs:,} numbers per sample of {name}, not images"
    if samples.preparation is None and not all(map(is_table, paths)):
        raise ConfigError(
            f"{reads}; give it a table, a .csv with {samples.n_inputs:,} numbers in each row, or "
            "use a model that was trained on images"
        )
    if samples.image_shape is None and show:
        raise ConfigError(f"--show draws images; {reads}")
    if option and any(map(is_table, paths)):
        raise ConfigError(f"{option} reads pictures; a table has a sample in each row")
    if option and (samples.preparation is None or samples.preparation.method != "mnist"):
        raise ConfigError(
            f"{option} reads digits or letters; {model} reads whole pictures of {name}"
        )
