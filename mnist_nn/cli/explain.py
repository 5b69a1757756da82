"""Explanation of an answer, for ``predict --explain``: one PNG for one picture."""

from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..evaluation import require_matplotlib
from ..files import atomic_write
from ..model import Model
from ..outputs import check_output
from .picture_reading import Reading
from .predictions import UNKNOWN


def check_explained(output: Path, trained: Model, inputs: list[Path]) -> None:
    """Refuse, before the work, an explanation that cannot be drawn or written: ConfigError.

    `inputs` are the model and the pictures.
    """
    _, *pictures = inputs
    if len(pictures) > 1:
        raise ConfigError(f"--explain explains one picture at a time; {len(pictures)} are named")
    if not trained.network.output.probability:
        raise ConfigError("--explain draws probabilities; the outputs of this model are none")
    require_matplotlib()
    check_output(output, "--explain", inputs)


def write_explanation(output: Path, reading: Reading, record: dict[str, Any]) -> None:
    """Write the PNG of one picture and of what was predicted of it."""
    from ..evaluation import explanation, render  # they need matplotlib

    if reading.picture is None or reading.ink is None:
        return
    of_digits = record.get("digits", [])
    samples = [
        explanation.Sample(
            image=image,
            outputs=of["outputs"],
            answer=of["class"] if of["known"] else UNKNOWN,
            known=of["known"],
        )
        for image, of in zip(reading.samples, of_digits or [record], strict=True)
    ]
    known = [sample.known for sample in samples] if of_digits else [True] * len(reading.digits)
    text = record.get("text", samples[0].answer)
    if len(reading.rows) > 1 and of_digits:
        text = f"{len(of_digits)} in {len(reading.rows)} rows"
    chart = explanation.draw_explanation(
        title=f"{Path(record['file']).name}: {text}, {record['probability']:.2%}",
        pixels=reading.picture.pixels,
        ink=reading.ink,
        boxes=[(digit.box, one) for digit, one in zip(reading.digits, known, strict=True)],
        samples=samples,
    )
    blob = render.png(chart)
    with atomic_write(output) as file:
        file.write(blob)
