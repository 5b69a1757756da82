"""Disks that are full, folders that are gone: what can be known is said before the work is done."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mnist_nn.cli.progress import TrainingProgress
from mnist_nn.model import load_checkpoint, load_model

Run = Callable[..., Any]
CONFIGS = Path(__file__).parents[2] / "configs"
SAMPLE = ("-c", CONFIGS / "sample.yaml", "--epochs", 3)
MNIST_NN = f"{sys.executable} -m mnist_nn"
MAY_MOUNT = subprocess.run(
    ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True
)


@pytest.fixture
def small_disk(tmp_path: Path) -> Callable[[str], "subprocess.CompletedProcess[str]"]:
    """Run a shell script in a folder that is a disk of 6 MB of its own."""
    if shutil.which("unshare") is None or MAY_MOUNT.returncode:
        pytest.skip("this user may not mount a disk")
    disk = tmp_path / "disk"
    disk.mkdir()

    def run_script(script: str) -> "subprocess.CompletedProcess[str]":
        mount = f"mount -t tmpfs -o size=6m none {disk} && cd {disk}"
        return subprocess.run(
            ["unshare", "-rm", "bash", "-c", f"{mount}\n{script}"],
            env=os.environ | {"TMPDIR": str(tmp_path), "MNIST_NN_DATA_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run_script


def test_a_disk_without_room_is_refused_before_training(small_disk) -> None:
    done = small_disk(
        "head -c 4000000 /dev/zero > full\n"
        f"{MNIST_NN} train -c {CONFIGS / 'sample.yaml'} --epochs 5"
    )
    assert done.returncode == 2
    assert re.search(r"its disk has [\d,]+ bytes free, the model and its checkpoints", done.stderr)
    assert "epoch 1" not in done.stderr


def test_a_disk_that_fills_up_costs_neither_the_run_nor_the_model(small_disk, tmp_path) -> None:
    """The checkpoints that no longer fit are given up, and the model goes where there is room."""
    done = small_disk(
        f"{MNIST_NN} train -c {CONFIGS / 'sample.yaml'} --epochs 300"
        " --checkpoint-every 1 2>../log &\n"
        "while kill -0 $! && ! grep -q 'epoch   5' ../log; do sleep 0.01; done\n"
        "head -c 9000000 /dev/zero > full\n"
        "wait $!; code=$?; cat ../log >&2; exit $code"
    )
    assert done.returncode == 1, done.stderr
    assert "cannot write model.pkl.ckpt: No space left on device" in done.stderr
    assert "training goes on without a new checkpoint" in done.stderr
    assert "error: cannot write model.pkl: No space left on device" in done.stderr
    saved = re.search(r"it was saved as (\S+/model\.pkl) instead", done.stderr)
    assert saved, done.stderr
    assert saved[1].startswith(str(tmp_path))
    assert len(load_model(Path(saved[1])).history) == 300


def test_a_checkpoint_asked_for_on_a_full_disk_goes_elsewhere(small_disk) -> None:
    done = small_disk(
        f"{MNIST_NN} train -c {CONFIGS / 'sample.yaml'} --epochs 5000 2>../log &\n"
        "while kill -0 $! && ! grep -q 'epoch    1' ../log; do sleep 0.01; done\n"
        "head -c 9000000 /dev/zero > full\n"
        "kill $!; wait $!; code=$?; cat ../log >&2; exit $code"
    )
    saved = re.search(r"it was saved as (\S+/model\.pkl\.ckpt) instead", done.stderr)
    assert saved, done.stderr
    assert load_checkpoint(Path(saved[1])).config.training.epochs == 5000


def test_a_folder_that_vanishes_while_training_does_not_cost_the_model(
    run: Run, monkeypatch, tmp_path: Path
) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "elsewhere"))
    show = TrainingProgress.show

    def show_and_remove(progress: TrainingProgress, report: Any) -> None:
        shutil.rmtree(tmp_path / "models", ignore_errors=True)
        show(progress, report)

    monkeypatch.setattr(TrainingProgress, "show", show_and_remove)
    result = run("train", *SAMPLE, "-o", "models/m.pkl")
    assert result.exit_code == 1
    assert "cannot write models/m.pkl: No such file or directory" in result.stderr
    (saved,) = (tmp_path / "elsewhere").glob("mnist-nn-*/m.pkl")
    assert f"it was saved as {saved} instead" in result.stderr
    assert len(load_model(saved).history) == 3


def test_a_folder_that_cannot_be_written_to_is_refused_before_training(run: Run) -> None:
    """Not even root may create files in /proc."""
    result = run("train", *SAMPLE, "-o", "/proc/model.pkl")
    assert result.exit_code == 2
    assert "the folder /proc cannot be written to" in result.stderr


def test_a_checkpoint_that_would_be_in_the_way_of_a_folder_is_refused_before_training(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "model.pkl.ckpt").mkdir()
    result = run("train", *SAMPLE)
    assert result.exit_code == 2
    assert "model.pkl.ckpt is a folder" in result.stderr


def test_a_network_that_no_file_holds_is_refused_before_its_memory_is_touched(run: Run) -> None:
    layers = "[" + "{units: 100000, activation: relu}, " * 99 + "{units: 10, activation: softmax}]"
    result = run("train", *SAMPLE, "--set", f"network.layers={layers}")
    assert result.exit_code == 2
    assert re.search(r"network\.layers: 980,0[\d,]+ parameters of float32 are", result.stderr)
    assert "Traceback" not in result.stderr


def test_what_no_memory_holds_is_refused_before_any_is_touched(run: Run, monkeypatch) -> None:
    """As if the machine had a quarter of a GiB."""
    real = os.sysconf
    small = {"SC_PHYS_PAGES": 2**16, "SC_PAGE_SIZE": 2**12}
    monkeypatch.setattr("os.sysconf", lambda name: small.get(name) or real(name))
    layers = "[{units: 10000, activation: relu}, {units: 10, activation: softmax}]"
    command = "train", *SAMPLE, "--batch-size", "full", "--set", f"network.layers={layers}"
    result = run(*command)
    assert result.exit_code == 2
    assert "batches of 5,000 samples take up to 1 GiB, this machine has 0" in result.stderr
