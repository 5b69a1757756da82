"""docs/extending.md, followed to the letter: its changes, made to a copy of the package, work."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = (
    "network.layers=[{units: 24, activation: softsign, gain: true},"
    "{units: 12, activation: gelu, batch_norm: true},{units: N, activation: softmax}]"
)


def changes(text: str) -> Iterator[tuple[str, str, str]]:
    """Give each hunk of the page's diffs: the file, what is replaced there, and by what."""
    for block in re.findall(r"```diff\n(.*?)```", text, re.DOTALL):
        for part in re.split(r"^--- .*\n\+\+\+ b/", block, flags=re.MULTILINE)[1:]:
            name, _, rest = part.partition("\n")
            for hunk in re.split(r"^@@.*\n", rest, flags=re.MULTILINE):
                lines = hunk.splitlines()
                old = "\n".join(line[1:] for line in lines if line.startswith(" "))
                new = "\n".join(line[1:] for line in lines if line[:1] in "+ ")
                if lines:
                    yield name, old, new


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of the package that has all that the page adds."""
    folder = tmp_path_factory.mktemp("extended")
    shutil.copytree(
        ROOT / "mnist_nn", folder / "mnist_nn", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name, old, new in changes((ROOT / "docs" / "extending.md").read_text()):
        path = folder / name
        if not old:
            path.write_text(f"{new}\n")
            continue
        text = path.read_text()
        assert old in text, f"{name} has no {old!r}"
        path.write_text(text.replace(old, new, 1))
    (folder / "defaults.yaml").write_text("seed: 0\n")
    return folder


def run(extended: Path, *arguments: str) -> str:
    """Run a command of the copy there; what it says on both streams."""
    result = subprocess.run(
        [sys.executable, "-m", "mnist_nn", *arguments],
        cwd=extended,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout + result.stderr


def test_what_is_added_is_trained_checked_saved_resumed_and_drawn(extended: Path) -> None:
    layers = LAYERS.replace("N", "10")
    settings = (
        "-c",
        "defaults.yaml",
        "--set",
        "data.dataset=mnist-sample",
        "--set",
        layers,
        "--lr",
        "0.5",
    )
    assert "the gradients agree" in run(extended, "gradcheck", *settings[:-2])
    whole = ("train", *settings, "--epochs", "4", "--checkpoint-every", "1")
    said = run(extended, *whole, "-o", "model.pkl")
    assert "engine: numpy (the numba engine does not know the layer Gain)" in said
    run(extended, "train", *settings, "--epochs", "2", "--checkpoint-every", "1", "-o", "half.pkl")
    run(extended, "train", "--resume", "half.pkl.ckpt", "--epochs", "4")
    same = "import sys; from mnist_nn.model import load_model as load; "
    same += "a, b = (load(p).network.params for p in sys.argv[1:]); sys.exit(bool((a != b).any()))"
    command = [sys.executable, "-c", same, "model.pkl", "half.pkl"]
    assert subprocess.run(command, cwd=extended, check=False).returncode == 0
    accuracy = re.search(r"accuracy +([\d.]+)%", run(extended, "evaluate", "model.pkl"))
    assert accuracy
    assert float(accuracy[1]) > 88
    run(extended, "export", "model.pkl", "-o", "model.c")
    assert "v / (1 + fabs(v))" in (extended / "model.c").read_text()
    run(extended, "draw", "model.pkl", "-o", "page.html")
    assert "Math.abs(v))" in (extended / "page.html").read_text()


def test_the_new_dataset_is_a_dataset_like_any_other(extended: Path) -> None:
    layers = LAYERS.replace("N", "2")
    settings = ("-c", "defaults.yaml", "--set", "data.dataset=crosses", "--set", layers)
    run(extended, "train", *settings, "-o", "crosses.pkl")
    accuracy = re.search(r"accuracy +([\d.]+)%", run(extended, "evaluate", "crosses.pkl"))
    assert accuracy
    assert float(accuracy[1]) > 90
