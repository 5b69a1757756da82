"""``mnist-nn evaluate``: measure a model on samples that it was not trained on."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from ..config import dump_config
from ..data import Dataset, load_dataset
from ..errors import ConfigError, MnistNNError, escaped
from ..evaluation import require_matplotlib
from ..files import atomic_write
from ..model import Committee, Model
from ..outputs import check_output
from .calibration import calibration_lines, calibration_measured
from .committee import measure_committee
from .evaluated_model import LoadedModel, evaluate_model, model_curves
from .evaluation_output import Measured, to_json, to_text
from .models import SHIPPED, AnyModel, load_named, members_of
from .options import DataDir, Debug, ModelFiles, Together, complete_dataset

MOST_VIEWS = 1000


def evaluate(
    models: ModelFiles = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            autocompletion=complete_dataset,
            help="Dataset to measure on.",
            show_default="the one it was trained on; mnist-sample for the model that ships",
        ),
    ] = None,
    split: Annotated[Literal["test", "train"], typer.Option(help="Which of its samples.")] = "test",
    together: Together = False,
    views: Annotated[
        int,
        typer.Option(
            "--views",
            metavar="N",
            min=1,
            max=MOST_VIEWS,
            help="Average over N views of each image: the image, and N-1 copies distorted by the "
            "augmentation that the model was trained with.",
            show_default=False,
        ),
    ] = 1,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON object instead of tables.")
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write an HTML page with charts of this and of the training. Needs matplotlib "
            "(extra: plots).",
        ),
    ] = None,
    min_accuracy: Annotated[
        float | None,
        typer.Option(metavar="X", help="Exit with 1 if the accuracy, from 0 to 1, is below X."),
    ] = None,
    data_dir: DataDir = None,
    debug: Debug = False,
) -> None:
    """Measure the loss and accuracy of a model.

    Prints precision, recall and F1 of each class, the confusion matrix, and the accuracy with its
    95 % confidence interval. Of probabilities also the calibration error, how far they are from the
    share that is right, and the cross-entropy, before and after calibration; and how many of the
    samples are answered, where predict would not print a ? for the class.

    Right after the installation, the model that ships is measured on the digits that ship:

    [bold]mnist-nn evaluate[/bold]

    Several models, such as those of train --seeds 3, mostly know more together than each alone:

    [bold]mnist-nn evaluate model-seed*.pkl --together[/bold]
    """
    if min_accuracy is not None and not 0 <= min_accuracy <= 1:
        raise ConfigError(f"--min-accuracy {min_accuracy}: must be between 0 and 1")
    chosen = load_named(models, together=together, views=views)
    if report is not None:
        if isinstance(chosen, Committee):
            raise ConfigError("--report is of one model as it is: leave --together and --views out")
        require_matplotlib()
        check_output(report, "--report", inputs=models or ())
    data = load_dataset(dataset or _dataset_of(chosen, models), data_dir)
    if isinstance(chosen, Committee):
        measured = measure_committee(chosen, models or [None], data, split)
    else:
        measured = _measure(chosen, models[0] if models else None, data, split, report)
    typer.echo(to_json(measured) if as_json else to_text(measured))
    if report is not None and not as_json:
        typer.echo(f"report    {escaped(str(report))}")
    accuracy = measured.result.accuracy
    if min_accuracy is not None and accuracy < min_accuracy:
        raise MnistNNError(f"accuracy {accuracy:.4f} is below --min-accuracy {min_accuracy}")


def _dataset_of(chosen: AnyModel, paths: list[Path] | None) -> str:
    """Return the dataset that models were trained on, or for the one that ships the sample."""
    if not paths:
        return "mnist-sample"
    names = sorted({model.config.data.dataset for model in members_of(chosen)})
    if len(names) > 1:
        raise ConfigError(f"the models were trained on {' and '.join(names)}; choose a --dataset")
    return names[0]


def _measure(
    model: Model, path: Path | None, data: Dataset, split: str, report: Path | None
) -> Measured:
    """Measure a model, and write the report if there is to be one."""
    curves = model_curves(path, model) if report is not None else None
    loaded = evaluate_model(path, model, data, split, curves)
    evaluated = loaded.evaluated
    calibration = calibration_measured(evaluated)
    if report is not None:
        _write_report(report, loaded)
    return Measured(
        title=f"{evaluated.name} on {evaluated.where}",
        result=evaluated.result,
        class_names=evaluated.class_names,
        calibrated=calibration_lines(calibration),
        facts={
            "calibration": calibration,
            "model": SHIPPED if path is None else str(path),
            "dataset": data.name,
            "split": split,
        }
        | ({"report": str(report)} if report is not None else {}),
    )


def _write_report(report: Path, loaded: LoadedModel) -> None:
    """Write the report, with the facts of the training."""
    from ..evaluation.report import Provenance, write_report  # needs matplotlib

    trained, config = loaded.model, loaded.model.config
    seconds = [metrics.seconds for metrics in trained.history]
    sizes, count = "-".join(map(str, trained.network.sizes)), trained.network.params.size
    facts = [
        ("network", f"{sizes}, {count:,} parameters of {config.network.dtype}"),
        ("trained on", config.data.dataset),
        ("seed", str(config.seed)),
        *([("started from", f"model of SHA-256 {trained.init_from}")] if trained.init_from else ()),
        ("training", f"{len(seconds):,} epochs, {sum(seconds):,.1f} seconds"),
        *trained.versions.items(),
        *((f"SHA-256 {key}", value) for key, value in trained.sha256.items()),
    ]
    origin = Provenance(facts, dump_config(config))
    page = write_report(loaded.evaluated, loaded.all_samples, origin)
    with atomic_write(report) as file:
        file.write(page)
