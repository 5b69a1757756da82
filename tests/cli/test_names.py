"""Names of files that could steer a terminal, break a line, be drawn as a picture or be no text."""

import json
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mnist_nn.cli.tables import table
from mnist_nn.errors import escaped, shell_command

Run = Callable[..., Any]
CONFIGS = Path(__file__).parents[2] / "configs"
HOSTILE = "a\x1b[31m\nb:x:[bold]c\u202ed"
SAFE = r"a\x1b[31m\nb:x:[bold]c\u202ed"
NO_TEXT = os.fsdecode(b"x\xffy")
NAMES = [
    pytest.param(HOSTILE, SAFE, id="hostile"),
    pytest.param(NO_TEXT, r"x\udcffy", id="no text"),
]


@pytest.mark.parametrize(("name", "safe"), NAMES)
def test_every_command_shows_a_name_of_a_file_escaped(
    name: str, safe: str, run: Run, sample_model: Path, tmp_path: Path
) -> None:
    model, folder = tmp_path / f"{name}.pkl", tmp_path / name
    shutil.copy(sample_model, model)
    for arguments in (
        ("evaluate", model),
        ("evaluate", folder / "no.pkl"),
        ("evaluate", model, "--dataset", name),
        ("evaluate", model, "--report", folder / "no.html"),
        ("plot", folder / "no.pkl"),
        ("draw", model, "-o", model),
        ("show", "-c", f"{name}.yaml"),
        ("train", "-c", CONFIGS / "sample.yaml", "-o", folder / "no.pkl"),
        ("train", "--resume", model),
        ("predict", model, f"{name}.npy"),
        ("download", "--from", folder),
        (name,),
    ):
        result = run(*arguments)
        said = result.stdout + result.stderr
        assert safe in said, arguments
        assert all(c.isprintable() or c == "\n" for c in said), arguments
        assert "bug" not in said


@pytest.mark.parametrize(("name", "safe"), NAMES)
def test_what_is_written_has_names_escaped(
    name: str, safe: str, run: Run, sample_model: Path, tmp_path: Path
) -> None:
    model, logs = tmp_path / f"{name}.pkl", tmp_path / f"{name}.pkl.logs"
    sample_model.rename(model)
    logs.mkdir()
    (logs / "metrics.jsonl").write_text('{"epoch": 1, "loss": 1.5, "accuracy": 0.5}\n')
    assert run("plot", logs.name, "-o", "plots").exit_code == 0
    assert run("plot", logs.name, "-o", "plots", "--format", "svg").exit_code == 0
    assert run("draw", model, "-o", "draw.html").exit_code == 0
    assert run("evaluate", model, "--report", "report.html").exit_code == 0
    for path in ("plots/curves.svg", "draw.html", "report.html"):
        text = (tmp_path / path).read_text("utf-8").replace(r"\\", "\\")  # as in a JSON string
        assert f"{safe}.pkl" in text, path
    answer = json.loads(run("evaluate", f"{name}.pkl", "--json").stdout)
    assert answer["model"] == f"{name}.pkl"


@pytest.mark.parametrize(
    ("name", "safe", "encoding"),
    [
        pytest.param(HOSTILE, SAFE, "ascii", id="ascii"),
        pytest.param(NO_TEXT, r"x\udcffy", "utf-8", id="utf-8"),
    ],
)
def test_a_path_is_printed_as_it_is_to_a_program_and_escaped_to_a_terminal(
    name: str, safe: str, encoding: str, sample_model: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "mnist_nn", "draw", str(sample_model), "-o", name]
    settings = os.environ | {"PYTHONIOENCODING": encoding}
    piped = subprocess.run(command, cwd=tmp_path, env=settings, capture_output=True, check=True)
    assert piped.stdout == os.fsencode(name) + b"\n"
    reading, writing = pty.openpty()
    subprocess.run(command, cwd=tmp_path, env=settings, stdout=writing, stderr=-1, check=True)
    os.close(writing)
    assert os.read(reading, 1000) == safe.encode() + b"\r\n"
    os.close(reading)


@pytest.mark.parametrize(
    "word",
    [
        pytest.param(word, id=name)
        for name, word in {
            "plain": "model.pkl",
            "quotes": 'it\'s "$HOME" \\ é',
            "hostile": f"{HOSTILE}'\\7",
            "no text": f"{NO_TEXT}7",
        }.items()
    ],
)
def test_a_command_can_be_pasted(word: str) -> None:
    command = shell_command(["printf", "%s", word])
    assert command.isprintable()
    done = subprocess.run(["bash", "-c", command], capture_output=True)
    assert done.stdout == os.fsencode(word)


def test_a_table_shows_cells_as_they_are() -> None:
    lines = table(("file", "class"), [(f"{HOSTILE}{'x' * 2000}", "8")]).splitlines()
    assert lines[-1].split() == [f"{SAFE}{'x' * 2000}", "8"]


def test_what_is_printable_is_left_as_it_is() -> None:
    assert escaped("Bücher/数字 ≥.pkl") == "Bücher/数字 ≥.pkl"
