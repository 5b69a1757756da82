"""Explanation of an answer, for ``predict --explain``: one PNG for one picture."""

from pathlib import Path
from typing import Any

from ..errors import ConfigError, escaped
from ..evaluation import require_matplotlib
from ..files import atomic_write
from ..outputs import check_output
from .models import AnyModel
from .picture_reading import Reading
from .predictions import UNKNOWN, kind_of

MAX_NAME, MAX_TEXT = 40, 30  # characters of a title: of the file's name, and of the answer


def check_explained(
    output: Path, trained: AnyModel, models: list[Path], pictures: list[Path]
) -> None:
    """Refuse, before the work, an explanation that cannot be drawn or written: ConfigError."""
    if len(pictures) > 1:
        raise ConfigError(f"--explain explains one picture at a time; {len(pictures)} are named")
    if kind_of(trained) != "probability":
        raise ConfigError("--explain draws probabilities; the outputs of this model are none")
    require_matplotlib()
    check_output(output, "--explain", [*models, *pictures])


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
    elif len(text) > MAX_TEXT:
        text = f"{text[: MAX_TEXT - 1]}…"
    chart = explanation.draw_explanation(
        title=f"{_short(Path(record['file']).name)}: {text}, {record['probability']:.2%}",
        pixels=reading.picture.pixels,
        ink=reading.ink,
        boxes=[(digit.box, one) for digit, one in zip(reading.digits, known, strict=True)],
        samples=samples,
    )
    blob = render.png(chart)
    with atomic_write(output) as file:
        file.write(blob)


def _short(name: str) -> str:
    """Shorten a file's name to its end, of characters that can be drawn."""
    name = escaped(name)
    return name if len(name) <= MAX_NAME else f"…{name[1 - MAX_NAME :]}"
