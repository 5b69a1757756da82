"""Measure how well a network tells what is no digit, and write it to docs/pictures.md.

    python scripts/measure_rejection.py base=base.pkl accurate=accurate.pkl

Scores of each sample are compared by their AUROC: how often a picture of no digit has a higher one
than a digit. Digits are those that the model was validated on, and pictures of digits to choose by;
so the models need data.validation. The results go to docs/rejection.json, and into the tables of
docs/pictures.md between its markers.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import picture_sets
from bench_report import table, write_page
from numpy.typing import NDArray
from picture_sets import FONTS_TO_CHOOSE_BY, FONTS_TO_REPORT, Picture, parsed
from rejection_sets import no_digits
from scipy.special import logsumexp, softmax
from sklearn.metrics import roc_auc_score

from mnist_nn import Model, Network, Samples, load_dataset, load_model
from mnist_nn.images import decode_picture, prepare, read_content
from mnist_nn.rngs import make_rngs
from mnist_nn.runs.run import hold_out

START, END = "<!-- rejection -->", "<!-- end of rejection -->"
DIGITS = ("validation digits", "pictures of digits")
RULES = (  # of these, the model uses the last
    ("1 - probability",),
    ("energy",),
    ("1 - probability", "energy"),
    ("1 - probability", "residual"),
    ("1 - probability", "energy", "residual"),
)
PRECISION = 0.995
DAMPING = 1e-3  # of the mean variance, added to a covariance

Array = NDArray[np.float64]
Score = Callable[[NDArray[Any]], Array]


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    return parsed(parser)


def read(pictures: list[Picture]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Prepare pictures that can be read; return samples (n, 784) and their digits (n,)."""
    samples, digits = [], []
    for picture in pictures:
        name = picture.path.name
        try:
            found = decode_picture(read_content(str(picture.path), name), name)
            samples.append(prepare(found.pixels).ravel())
        except ValueError as error:
            print(f"{name}: {error}", file=sys.stderr)
        else:
            digits.append(int(picture.digit))
    return np.array(samples), np.array(digits)


def inner(network: Network, x: NDArray[Any]) -> tuple[Array, Array]:
    """Return what the last layer reads, (n, units), and its sums, (n, 10)."""
    work = network.workspace(len(x))
    network.forward(x, work)
    return work.caches[-2]["x"].astype(np.float64), work.logits.astype(np.float64)


def distances(hidden: Array, means: Array, precision: Array) -> Array:
    """Return squared Mahalanobis distances (n, k) to k means."""
    offsets = hidden[:, None] - means
    result: Array = np.einsum("nki,ij,nkj->nk", offsets, precision, offsets, optimize=True)
    return result


def scores(model: Model, training: Samples) -> dict[str, Score]:
    """Return functions from samples to scores: the higher, the less they are like digits."""
    assert model.calibration is not None
    network, t, subspace = model.network, model.calibration.temperature, model.calibration.subspace
    assert subspace is not None
    hidden, _ = inner(network, training.x)
    means = np.stack([hidden[training.y == k].mean(axis=0) for k in range(10)])
    centre = hidden.mean(axis=0, keepdims=True)
    within, whole = (_precision(hidden - m) for m in (means[training.y], centre))

    def of_hidden(measure: Callable[[Array], Array]) -> Score:
        return lambda x: measure(inner(network, x)[0])

    def of_logits(measure: Callable[[Array], Array]) -> Score:
        return lambda x: measure(inner(network, x)[1])

    return {
        "1 - probability": of_logits(lambda z: 1 - softmax(z / t, axis=1).max(axis=1)),
        "entropy": of_logits(lambda z: _entropy(softmax(z / t, axis=1))),
        "energy": of_logits(lambda z: -t * logsumexp(z / t, axis=1)),
        "Mahalanobis": of_hidden(lambda h: distances(h, means, within).min(axis=1)),
        "relative Mahalanobis": of_hidden(
            lambda h: (distances(h, means, within) - distances(h, centre, whole)).min(axis=1)
        ),
        "nearest class mean": of_hidden(
            lambda h: distances(h, means, np.eye(h.shape[1])).min(axis=1)
        ),
        "residual": lambda x: subspace.score(network, x),
        "ink": lambda x: np.abs(model.network.scale(x, np.empty(x.shape)).sum(axis=1) - 100),
    }


def _precision(offsets: Array) -> Array:
    covariance = np.cov(offsets.T)
    damping = DAMPING * np.trace(covariance) / len(covariance)
    inverse: Array = np.linalg.inv(covariance + damping * np.eye(len(covariance)))
    return inverse


def _entropy(p: Array) -> Array:
    result: Array = -np.sum(p * np.log(np.maximum(p, 1e-300)), axis=1)
    return result


def measured(
    model: Model, digits: NDArray[Any], others: dict[str, NDArray[Any]], real: dict[str, Any]
) -> dict[str, Any]:
    """Measure a model: AUROC by digits, score and kind of picture, and what is answered."""
    dataset = load_dataset("mnist")
    rng = make_rngs(model.config.seed).validation
    training, validation = hold_out(dataset.train, model.config.data.validation, rng)
    if validation is None:
        raise SystemExit("a model has no validation samples: train it with data.validation")
    samples = {"validation digits": validation.x, "pictures of digits": digits, **others}
    found = {
        name: {kind: score(x) for kind, x in samples.items()}
        for name, score in scores(model, training).items()
    }
    return {
        "auroc": {
            title: {
                name: {kind: _auroc(of[title], of[kind]) for kind in others}
                for name, of in found.items()
            }
            for title in DIGITS
        },
        "rejected": {
            " and ".join(rules): {
                kind: float(share) for kind, share in _rejected([found[rule] for rule in rules])
            }
            for rules in RULES
        },
        "answered": {name: _answered(model, *samples) for name, samples in real.items()},
    }


def _rejected(found: list[dict[str, Array]]) -> Iterator[tuple[str, Array]]:
    """Yield the share of each kind of samples that one score or another rejects.

    Each rejects as many validation digits as the others, and all together one in a hundred.
    """
    own = np.array([of[DIGITS[0]] for of in found])  # (scores, samples)
    descending = -np.sort(-own, axis=1)
    for k in range(own.shape[1] // 100, -1, -1):
        limits = descending[:, k]
        if (own > limits[:, None]).any(axis=0).mean() <= 0.01:
            break
    for kind in found[0]:
        yield kind, (np.array([of[kind] for of in found]) > limits[:, None]).any(axis=0).mean()


def _auroc(digits: Array, others: Array) -> float:
    labels = np.repeat([0, 1], [len(digits), len(others)])
    return round(float(roc_auc_score(labels, np.concatenate([digits, others]))), 4)


def _answered(model: Model, x: NDArray[Any], y: NDArray[Any]) -> dict[str, Any]:
    """Count pictures, right ones, answered ones, and how many can be answered so precisely."""
    answers = model.answers(x)
    right = answers.outputs.argmax(axis=1) == y
    order = np.argsort(-answers.outputs.max(axis=1), kind="stable")
    precise = np.cumsum(right[order]) >= PRECISION * np.arange(1, len(y) + 1)
    return {
        "pictures": len(y),
        "right": int(right.sum()),
        "answered": int(answers.known.sum()),
        "answered_right": int(right[answers.known].sum()),
        "precise": int(np.flatnonzero(precise).max(initial=-1)) + 1,
    }


def markdown(results: dict[str, Any]) -> str:
    """Format the tables."""
    tables = []
    for name, result in results.items():
        kinds = list(next(iter(next(iter(result["auroc"].values())).values())))
        for title, rows in result["auroc"].items():
            cells = [
                (score, *(f"{row[k]:.3f}" for k in kinds), f"{np.mean(list(row.values())):.3f}")
                for score, row in rows.items()
            ]
            tables.append(table((f"{name}, {title}", *kinds, "mean"), cells))
        shares = [
            (rules, *(f"{row[kind]:.1%}" for kind in (DIGITS[1], *kinds)))
            for rules, row in result["rejected"].items()
        ]
        tables.append(table((f"{name}, answered with ?", DIGITS[1], *kinds), shares))
        header = (name, "pictures", "right", "answered", "of these right", "at 99.5 % precision")
        counts = [
            (
                kind,
                f"{row['pictures']}",
                f"{row['right']}",
                f"{row['answered'] / row['pictures']:.1%}",
                f"{row['answered_right'] / max(1, row['answered']):.1%}",
                f"{row['precise'] / row['pictures']:.1%}",
            )
            for kind, row in result["answered"].items()
        ]
        tables.append(table(header, counts))
    return "\n\n".join(tables)


def main() -> None:
    """Measure, and write the results."""
    chosen = options()
    record, page = chosen.output / "rejection.json", chosen.output / "pictures.md"
    results = json.loads(record.read_text()) if record.exists() else {}
    with tempfile.TemporaryDirectory() as made:
        hand = list(picture_sets.handwriting(chosen.data / "handwriting"))
        sets = {
            "handwriting, first half": [p for p in hand if "first half" in p.kind],
            "handwriting, second half": [p for p in hand if "second half" in p.kind],
            "drawn to fail": list(picture_sets.failing(chosen.data / "pictures-that-fail")),
        } | {
            f"fonts, {kind}": list(picture_sets.fonts(names, kind, chosen.fonts, Path(made) / kind))
            for kind, names in (
                ("to choose by", FONTS_TO_CHOOSE_BY),
                ("to report", FONTS_TO_REPORT),
            )
        }
        real = {name: read(pictures) for name, pictures in sets.items()}
        real["all"] = tuple(map(np.concatenate, zip(*real.values(), strict=True)))  # type: ignore[assignment]
    digits = np.concatenate([real["handwriting, first half"][0], real["fonts, to choose by"][0]])
    others = no_digits(chosen.fonts, FONTS_TO_CHOOSE_BY)
    for name, _, path in (given.partition("=") for given in chosen.models):
        results[name] = measured(load_model(path), digits, others, real)
        record.write_text(json.dumps(results, indent=1) + "\n")
        write_page(page, markdown(results), START, END)


if __name__ == "__main__":
    main()
