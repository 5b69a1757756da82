import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from matplotlib.image import imread

from mnist_nn.extras import install_command

Run = Callable[..., Any]
BASE = Path(__file__).parents[2] / "configs" / "base.yaml"
SAMPLE = ("-c", BASE, "--set", "data.dataset=mnist-sample")
BENT = ("--set", "data.augmentation={rotation: 15, elastic_alpha: 34}")


def test_a_sheet_has_the_digits_and_their_distortions(run: Run, tmp_path: Path) -> None:
    result = run("show", *SAMPLE, *BENT, "-o", "sheet.png")
    assert result.exit_code == 0, result.stderr
    assert (result.stdout, result.stderr) == ("sheet.png\n", "")
    picture = imread(tmp_path / "sheet.png")
    assert picture.shape[1] > 900
    assert picture.shape[0] > 900
    ink = (picture[..., 0] < 0.5).mean(axis=0)  # by column of dots
    assert 0.02 < ink.mean() < 0.3
    assert ink[: len(ink) // 2].any()
    assert ink[len(ink) // 2 :].any()


def test_the_same_seed_draws_the_same_sheet(run: Run, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert run("show", *SAMPLE, *BENT, "--seed", seed, "-o", name).exit_code == 0
    a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
    assert a == b != c


def test_a_config_that_distorts_nothing_says_so(run: Run) -> None:
    result = run("show", *SAMPLE)
    assert result.exit_code == 0
    assert result.stdout == "digits.png\n"
    assert "this config distorts nothing" in result.stderr


def test_without_matplotlib_the_extra_is_named(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "import mnist_nn.cli\n"
        "mnist_nn.cli.main(sys.argv[1:])"
    )
    command = [sys.executable, "-c", program, "show", *map(str, SAMPLE)]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 2
    assert result.stderr == f"error: drawing needs matplotlib\n{install_command('plots')}\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (
            ("-c", BASE.parent / "reference" / "iris.yaml"),
            "iris holds no images; set data.dataset to mnist",
        ),
        ((*SAMPLE, "-o", "no/sheet.png"), "/no does not exist"),
        (
            (*SAMPLE, "--set", "data.augmentation.rotation=90"),
            "rotation: must be at most 45, got 90",
        ),
        ((*SAMPLE, "--set", "data.augmentation.elastic_alfa=3"), "did you mean 'elastic_alpha'"),
    ],
)
def test_errors_are_short(arguments: tuple[Any, ...], complaint: str, run: Run) -> None:
    result = run("show", *arguments)
    assert result.exit_code == 2
    assert complaint in result.stderr
    assert len(result.stderr.splitlines()) <= 2
