"""Measure models that answer together, and views of images, for ``evaluate``."""

from collections.abc import Sequence
from pathlib import Path

from ..data import Dataset
from ..evaluation import AnsweredSamples
from ..model import Committee
from .bars import progress_bar
from .calibration import answers_measured, calibration_lines
from .evaluated_model import evaluate_model
from .evaluation_output import Measured
from .models import SHIPPED, name_of


def measure_committee(
    committee: Committee, paths: Sequence[Path | None], data: Dataset, split: str
) -> Measured:
    """Measure each model alone and on no other views, and then all together.

    ConfigError if one cannot read the data or there is no such split; ModelError if one overflows.
    """
    alone = [
        evaluate_model(path, model, data, split).evaluated
        for path, model in zip(paths, committee.models, strict=True)
    ]
    samples, source = alone[0].samples, alone[0].where
    n_answers = len(samples.y) * len(alone) * committee.views
    with progress_bar(n_answers, "answers") as bar:
        answers = committee.answers(samples.x, progress=bar.update)
    answered = AnsweredSamples(answers, samples.y)
    calibration = answers_measured(answered)
    return Measured(
        title=f"{_who(committee, paths)} on {source}",
        result=answered.result,
        class_names=data.info.format.class_names,
        calibrated=calibration_lines(calibration),
        facts={
            "calibration": calibration,
            "models": [
                {
                    "model": SHIPPED if path is None else str(path),
                    "accuracy": one.result.accuracy,
                    "loss": one.result.loss,
                }
                for path, one in zip(paths, alone, strict=True)
            ],
            "views": committee.views,
            "dataset": data.name,
            "split": split,
        },
        members=[(one.name, f"{one.result.accuracy:.2%}") for one in alone],
    )


def _who(committee: Committee, paths: Sequence[Path | None]) -> str:
    """Say who answers together."""
    count = len(committee.models)
    who = f"{count} models together" if count > 1 else name_of(paths[0])
    return f"{who}, averaged over {committee.views} views," if committee.views > 1 else who
