"""Measure how well `mnist-nn predict` reads pictures, by kind, and write docs/pictures.md.

    python scripts/measure_pictures.py now base=base.pkl accurate=accurate.pkl
    python scripts/measure_pictures.py before base=base.pkl --program other/bin/mnist-nn

It drives the command line, so that it measures any version of the program. The results go to
docs/pictures.json, one entry for each version and model, and into the table of docs/pictures.md.
Settings are chosen by what says so; the rest, and MNIST's test digits, are only reported.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import picture_sets
from bench_report import table, write_page
from picture_sets import FONTS_TO_CHOOSE_BY, FONTS_TO_REPORT, Picture, parsed

SIZES = ("picture of 300×300", "photograph of 12 megapixels")
TIMES = 6  # a picture is read this often, to tell the time it takes from the program's start

# a small process between, whose memory does not count as the program's
RUNNER = """
import resource, subprocess, sys
with open(sys.argv[1], "wb") as output:
    subprocess.run(sys.argv[2:], stdout=output, stderr=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)
"""

Row = dict[str, Any]


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("version", help="heading of the columns, such as before")
    parser.add_argument(
        "--program", default="mnist-nn", help="executable to measure (default: mnist-nn)"
    )
    parser.add_argument("--pictures", type=Path, help="folder to keep the pictures made here")
    return parsed(parser)


def pictures(chosen: argparse.Namespace, made: Path) -> list[Picture]:
    """Return the pictures of all sets."""
    return [
        *picture_sets.handwriting(chosen.data / "handwriting"),
        *picture_sets.failing(chosen.data / "pictures-that-fail"),
        *picture_sets.fonts(
            FONTS_TO_CHOOSE_BY, "to choose by", chosen.fonts, made / "fonts-choose"
        ),
        *picture_sets.fonts(FONTS_TO_REPORT, "to report", chosen.fonts, made / "fonts-report"),
        *picture_sets.on_paper(made / "paper"),
    ]


def predict(program: str, model: str, paths: list[Path]) -> tuple[list[Row], float, int]:
    """Read pictures; return what is said of each, seconds of a processor and the peak in bytes."""
    with tempfile.NamedTemporaryFile() as output:
        command = [program, "predict", model, *map(str, paths), "--json"]
        used = subprocess.run(
            [sys.executable, "-c", RUNNER, output.name, *command],
            stdout=subprocess.PIPE,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
            check=True,
        )
        seconds, peak = used.stdout.split()
        return json.load(output), float(seconds), int(peak)


def measured(program: str, model: str, pictures: list[Picture], made: Path) -> Row:
    """Count the pictures read right, by kind, and list the others; measure time and memory."""
    kinds: dict[str, list[int]] = {}
    wrong: dict[str, str] = {}
    answers, _, _ = predict(program, model, [picture.path for picture in pictures])
    for picture, answer in zip(pictures, answers, strict=True):
        is_right = answer.get("class") == picture.digit
        count = kinds.setdefault(picture.kind, [0, 0])
        count[0] += is_right
        count[1] += 1
        if not is_right and picture.kind.startswith(("handwriting", "drawn")):
            name = "/".join(picture.path.parts[-2:])
            wrong[name] = answer.get("class") or answer["error"].partition(": ")[2]
    small = next(picture.path for picture in pictures if picture.kind.startswith("fonts"))
    large = picture_sets.photograph(made / "photograph.jpg").path
    costs = {
        name: cost(program, model, path) for name, path in zip(SIZES, (small, large), strict=True)
    }
    return {"date": time.strftime("%Y-%m-%d"), "right": kinds, "wrong": wrong, "costs": costs}


def cost(program: str, model: str, path: Path) -> Row:
    """Measure the seconds of a processor that a picture takes, and the peak of the process."""
    _, once, _ = predict(program, model, [path])
    _, often, peak = predict(program, model, [path] * TIMES)
    return {"seconds": (often - once) / (TIMES - 1), "peak_bytes": peak}


def markdown(results: Row) -> str:
    """Format the tables of what was read right, and of time and memory."""
    header = ("", "pictures", *(f"{name}, {model}" for name in results for model in results[name]))
    runs = [run for models in results.values() for run in models.values()]
    kinds = list(dict.fromkeys(kind for run in runs for kind in run["right"]))
    sets = list(dict.fromkeys(kind.partition(":")[0] for kind in kinds))
    rows: list[tuple[Any, ...]] = []
    for name in sets:
        inside = [kind for kind in kinds if kind.partition(":")[0] == name]
        sums = [[sum(run["right"][kind][i] for kind in inside) for run in runs] for i in (0, 1)]
        rows.append((f"**{name}**", sums[1][0], *sums[0]))
        for kind in inside if len(inside) > 1 else ():
            counts = [run["right"][kind] for run in runs]
            rows.append((kind.partition(": ")[2], counts[0][1], *(count[0] for count in counts)))
    costs = [
        (
            name,
            "",
            *(
                f"{run['costs'][name]['seconds']:.2f} s, "
                f"{run['costs'][name]['peak_bytes'] / 1e6:.0f} MB"
                for run in runs
            ),
        )
        for name in SIZES
    ]
    return table(header, [*rows, *costs])


def main() -> None:
    """Measure, and write the results."""
    chosen = options()
    record, page = chosen.output / "pictures.json", chosen.output / "pictures.md"
    results: Row = json.loads(record.read_text()) if record.exists() else {}
    with tempfile.TemporaryDirectory() as temporary:
        made = chosen.pictures or Path(temporary)
        shown = pictures(chosen, made)
        for name, _, model in (given.partition("=") for given in chosen.models):
            run = measured(chosen.program, model, shown, made)
            results.setdefault(chosen.version, {})[name] = run
            record.write_text(json.dumps(results, indent=1) + "\n")
            write_page(page, markdown(results))
            right = sum(count[0] for count in run["right"].values())
            print(f"{chosen.version}, {name}: {right} of {len(shown)} right", file=sys.stderr)


if __name__ == "__main__":
    main()
