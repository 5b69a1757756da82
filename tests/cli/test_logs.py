"""The logs that a run writes as it goes."""

import csv
import json
import os
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mnist_nn.cli.progress import TrainingProgress
from mnist_nn.model import load_model
from mnist_nn.runs.logs import Logs
from mnist_nn.training import EpochMetrics

Run = Callable[..., Any]
CONFIGS = Path(__file__).parents[2] / "configs"
SAMPLE = ("-c", CONFIGS / "sample.yaml", "--epochs", 3, "--set", "data.validation=500")


def logged(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_the_logs_say_what_the_model_says(run: Run, tmp_path: Path) -> None:
    assert run("train", *SAMPLE, "--log-dir", "logs/new").exit_code == 0
    history = [m.as_dict() for m in load_model(tmp_path / "model.pkl").history]
    assert logged(tmp_path / "logs" / "new") == history
    with (tmp_path / "logs" / "new" / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [{k: float(v) for k, v in row.items()} for row in rows] == history


def test_each_epoch_is_there_as_soon_as_it_is_over(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    show, lines = TrainingProgress.show, []

    def show_and_look(progress: TrainingProgress, report: Any) -> None:
        show(progress, report)
        if report.complete:
            lines.append(len(logged(tmp_path / "logs")))

    monkeypatch.setattr(TrainingProgress, "show", show_and_look)
    run("train", *SAMPLE, "--log-dir", "logs")
    assert lines == [1, 2, 3]


def test_a_resumed_run_has_the_whole_history_in_its_logs(run: Run, tmp_path: Path) -> None:
    run("train", *SAMPLE, "--checkpoint-every", 1)
    run("train", "--resume", "model.pkl.ckpt", "--epochs", 5, "--log-dir", "logs")
    assert [epoch["epoch"] for epoch in logged(tmp_path / "logs")] == [1, 2, 3, 4, 5]


def test_each_seed_has_logs_of_its_own(run: Run, tmp_path: Path) -> None:
    run("train", *SAMPLE, "--seeds", 2, "--log-dir", "logs")
    assert {path.name for path in (tmp_path / "logs").iterdir()} == {"seed0", "seed1"}
    assert len(logged(tmp_path / "logs" / "seed1")) == 3


def test_tensorboard_finds_the_curves(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    run("train", *SAMPLE, "--log-dir", "logs")
    (events,) = (tmp_path / "logs").glob("events.out.tfevents.*")
    blob = events.read_bytes()
    for tag in (b"loss/training", b"loss/validation", b"accuracy/validation", b"learning_rate"):
        assert blob.count(tag) == 3


def test_without_a_writer_for_tensorboard_there_are_the_other_logs(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    assert run("train", *SAMPLE, "--log-dir", "logs").exit_code == 0
    names = {path.name for path in (tmp_path / "logs").iterdir()}
    assert names == {"metrics.jsonl", "metrics.csv"}


def test_a_folder_that_cannot_be_is_refused_before_training(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    result = run("train", *SAMPLE, "--log-dir", "file/logs")
    assert result.exit_code == 2
    assert "--log-dir file/logs: Not a directory" in result.stderr
    assert "epoch" not in result.stderr


def test_a_full_disk_ends_the_logs_and_not_the_run(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What the system says of a file beyond the largest size is what it says of a full disk."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limited(method: Callable[..., Any], size: int) -> Callable[..., Any]:
        def limit(*arguments: Any) -> Any:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
            return method(*arguments)

        return limit

    monkeypatch.setattr(TrainingProgress, "show", limited(TrainingProgress.show, 100))
    monkeypatch.setattr(TrainingProgress, "__exit__", limited(TrainingProgress.__exit__, before[0]))
    result = run("train", *SAMPLE, "--log-dir", "logs")
    assert result.exit_code == 0
    assert result.stderr.count("cannot write the logs: File too large") == 1
    assert len(load_model(tmp_path / "model.pkl").history) == 3


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
@pytest.mark.parametrize("name", ["metrics.jsonl", "metrics.csv"])
def test_a_pipe_is_refused_before_training(run: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / "logs").mkdir()
    os.mkfifo(tmp_path / "logs" / name)
    result = run("train", *SAMPLE, "--log-dir", "logs")
    assert result.exit_code == 2
    assert f"--log-dir logs: logs/{name} is not a plain file" in result.stderr
    assert "training" not in result.stderr


@pytest.mark.parametrize(
    ("files", "place"),
    [
        (
            ("-c", "logs/metrics.csv"),
            "logs/metrics.csv is also logs/metrics.csv, which this run reads",
        ),
        (
            ("-o", "logs/metrics.jsonl"),
            "logs/metrics.jsonl is also logs/metrics.jsonl, which this run",
        ),
        (("-o", "logs"), "logs is also logs, which this run writes"),
    ],
    ids=["config", "model", "folder"],
)
def test_logs_neither_replace_an_input_nor_are_replaced(
    run: Run, tmp_path: Path, files: tuple[str, str], place: str
) -> None:
    if "logs" not in files:
        (tmp_path / "logs").mkdir()
        (tmp_path / "logs" / "metrics.csv").write_text("seed: 1\n")
    result = run("train", *SAMPLE, *files, "--log-dir", "logs")
    assert result.exit_code == 2
    assert f"--log-dir logs: {place}" in result.stderr
    assert "training" not in result.stderr


def test_a_device_is_refused_before_training(run: Run, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "metrics.jsonl").symlink_to("/dev/full")
    result = run("train", *SAMPLE, "--log-dir", "logs")
    assert (result.exit_code, "is not a plain file" in result.stderr) == (2, True)


def test_a_folder_in_which_a_run_writes_is_refused(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The other run is begun in the middle of this one, as a process of its own."""
    pytest.importorskip("fcntl")
    show = TrainingProgress.show
    others: list[Any] = []
    command = [sys.executable, "-m", "mnist_nn", "train", *map(str, SAMPLE), "--log-dir", "logs"]

    def show_and_begin_another(progress: TrainingProgress, report: Any) -> None:
        show(progress, report)
        if not others:
            others.append(subprocess.run([*command, "-o", "b.pkl"], capture_output=True, text=True))

    monkeypatch.setattr(TrainingProgress, "show", show_and_begin_another)
    assert run("train", *SAMPLE, "--log-dir", "logs").exit_code == 0
    assert others[0].returncode == 2
    complaint = "--log-dir logs: another run is writing its logs there; name another folder"
    assert complaint in others[0].stderr
    history = load_model(tmp_path / "model.pkl").history
    assert logged(tmp_path / "logs") == [metrics.as_dict() for metrics in history]
    assert not (tmp_path / "b.pkl").exists()
    assert run("train", *SAMPLE, "--log-dir", "logs").exit_code == 0  # which is over now


def table(folder: Path) -> list[dict[str, str]]:
    """The rows of the spreadsheet, apart from times."""
    lines = (folder / "metrics.csv").read_text().splitlines()
    return [row | {"seconds": ""} for row in csv.DictReader(lines)]


def curves(folder: Path) -> list[tuple[int, str, float]]:
    """What TensorBoard would draw of the newest event file, in the order of the file."""
    from tensorboardX.proto.event_pb2 import Event

    newest = max(folder.glob("events.out.tfevents.*"), key=lambda path: path.stat().st_mtime_ns)
    blob, place, points = newest.read_bytes(), 0, []
    while place < len(blob):
        size = int.from_bytes(blob[place : place + 8], "little")
        event = Event.FromString(blob[place + 12 : place + 12 + size])
        points += [(event.step, value.tag, value.simple_value) for value in event.summary.value]
        place += 12 + size + 4  # a length and its checksum before, a checksum after
    return points


def test_logs_of_a_run_that_was_interrupted_are_those_of_one_that_was_not(
    run: Run, interrupt: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("tensorboardX")
    command = "train", *SAMPLE, "--engine", "numpy"
    run(*command, "--log-dir", "whole")
    interrupt(8)  # in the middle of the second epoch of five reports each
    said = run(*command, "--log-dir", "a 'folder'").stderr
    assert "interrupted in epoch 2 of 3" in said
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    run(*shlex.split(said.partition("resume with: mnist-nn ")[2]))
    whole, resumed = tmp_path / "whole", tmp_path / "a 'folder'"
    without_times = [[row | {"seconds": 0} for row in logged(path)] for path in (whole, resumed)]
    assert without_times[0] == without_times[1]
    assert table(whole) == table(resumed)
    assert curves(whole) == curves(resumed)
    assert len(curves(whole)) == 15


IMPORT_FAILS = {"__init__.py": "raise TypeError('Descriptors cannot be created directly.')"}
WRITING_FAILS = {
    "__init__.py": "",
    "event_file_writer.py": """
        class EventsWriter:
            def __init__(self, prefix):
                pass

            def write_event(self, event):
                if event:
                    raise TypeError("no such event")
    """,
    "proto/__init__.py": "",
    "proto/event_pb2.py": """
        Event = lambda summary=None, **parts: summary
        class SessionLog(dict):
            START = 1
    """,
    "proto/summary_pb2.py": """
        class Summary(dict):
            Value = dict
    """,
}


@pytest.mark.parametrize("package", [IMPORT_FAILS, WRITING_FAILS], ids=["import", "write"])
def test_a_tensorboard_writer_that_fails_costs_its_file_only(
    package: dict[str, str], tmp_path: Path
) -> None:
    for name, text in package.items():
        path = tmp_path / "packages" / "tensorboardX" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    done = subprocess.run(
        [sys.executable, "-m", "mnist_nn", "train", *map(str, SAMPLE), "--log-dir", "logs"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path / "packages")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("warning: tensorboardX failed (") == 1
    assert "Traceback" not in done.stderr
    assert len(logged(tmp_path / "logs")) == 3
    assert len((tmp_path / "logs" / "metrics.csv").read_text().splitlines()) == 4
    assert len(load_model(tmp_path / "model.pkl").history) == 3


def test_a_long_history_is_written_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Not epoch by epoch, with a flush after each: 50,000 epochs took half a minute."""
    written: list[int] = []
    write = Logs._write

    def write_and_tell(logs: Logs, reports: Any) -> None:
        written.append(len(reports))
        write(logs, reports)

    monkeypatch.setattr(Logs, "_write", write_and_tell)
    history = [EpochMetrics(epoch, 10, 0.5, 0.5, 0.1, 0.01) for epoch in range(1, 1001)]
    with closing(Logs(tmp_path)) as logs:
        logs.begin(history)
        assert [epoch["epoch"] for epoch in logged(tmp_path)] == list(range(1, 1001))
    assert written == [1000]
