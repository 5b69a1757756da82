"""Disks that are full, folders that are gone: what can be known is said before the work is done."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mnist_nn.cli.progress import TrainingProgress
from mnist_nn.errors import ModelError
from mnist_nn.model import load_checkpoint, load_model
from mnist_nn.runs.saving import check_room, save_anywhere

Run = Callable[..., Any]
CONFIGS = Path(__file__).parents[2] / "configs"
SAMPLE = ("-c", CONFIGS / "sample.yaml", "--epochs", 3, "--engine", "numpy")
SMALL = "network.layers=[{units: 10, activation: softmax}]"  # whose epochs are short
SAMPLE_CONFIG = f"'{CONFIGS / 'sample.yaml'}' --engine numpy"
QUICK = f"{SAMPLE_CONFIG} --batch-size full --set '{SMALL}'"
MNIST_NN = f"'{sys.executable}' -m mnist_nn"
LIMIT = 300  # seconds for a script, on a busy machine, too


MAY_MOUNT = subprocess.run(
    ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True
)
FILLING = """
import signal
import sys
from pathlib import Path
from mnist_nn.cli import main
from mnist_nn.cli.progress import TrainingProgress

show, (epoch, ended) = TrainingProgress.show, map(int, sys.argv[1:3])

def show_and_fill_the_disk(progress, report):
    show(progress, report)
    if report.complete and report.epoch == epoch:
        try:
            Path("full").write_bytes(bytes(9_000_000))
        except OSError as error:
            print(error, file=sys.stderr)
        if ended:
            signal.raise_signal(signal.SIGTERM)

TrainingProgress.show = show_and_fill_the_disk
main(sys.argv[3:])
"""


def run_script(
    script: str, *unshare: str, cwd: Path, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run a shell script in namespaces of its own; end whatever it has started with it."""
    if shutil.which("unshare") is None or subprocess.run(["unshare", *unshare, "true"]).returncode:
        pytest.skip("this user may not make a namespace")
    command = ["unshare", *unshare, "bash", "-c", script]
    with subprocess.Popen(
        command,
        cwd=cwd,
        env=os.environ | {"MNIST_NN_DATA_DIR": str(cwd), "OPENBLAS_NUM_THREADS": "1"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            stdout, stderr = process.communicate(timeout=LIMIT)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)


@pytest.fixture
def small_disk(tmp_path: Path) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Train in a folder that is a disk of 6 MB of its own, of which so many bytes are taken.

    At the end of an epoch, if one is given, the disk becomes full, and the run is asked to end if
    that is wanted: at the same moment of every run, however busy the machine.
    """
    if shutil.which("unshare") is None or MAY_MOUNT.returncode:
        pytest.skip("this user may not mount a disk")
    disk = tmp_path / "disk"
    disk.mkdir()

    def train(
        *options: str, taken: int = 0, full_in: int = 0, ended: bool = False
    ) -> "subprocess.CompletedProcess[str]":
        script = (
            'mount -t tmpfs -o size=6m none "$0" && cd "$0" || exit 99\n'
            'head -c "$1" /dev/zero > taken\n'
            'shift; exec "$@"'
        )
        program = [sys.executable, "-c", FILLING, str(full_in), str(int(ended))]
        command = [*program, "train", "-c", str(CONFIGS / "sample.yaml"), *options]
        return subprocess.run(
            ["unshare", "-rm", "bash", "-c", script, str(disk), str(taken), *command],
            env=os.environ | {"TMPDIR": str(tmp_path), "MNIST_NN_DATA_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
        )

    return train


def test_a_disk_without_room_is_refused_before_training(
    small_disk: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = small_disk("--epochs", "5", taken=4_000_000)
    assert done.returncode == 2
    assert re.search(r"its disk has [\d,]+ bytes free, the model and its checkpoints", done.stderr)
    assert "epoch 1" not in done.stderr


def test_a_disk_that_fills_up_costs_neither_the_run_nor_the_model(
    small_disk: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    """The checkpoints that no longer fit are given up, and the model goes where there is room."""
    done = small_disk("--epochs", "8", "--checkpoint-every", "1", full_in=5)
    assert done.returncode == 1, done.stderr
    assert "cannot write model.pkl.ckpt: No space left on device" in done.stderr
    assert "training continues without a new checkpoint" in done.stderr
    assert "error: cannot write model.pkl: No space left on device" in done.stderr
    saved = re.search(r"it was saved as (\S+/model\.pkl) instead", done.stderr)
    assert saved, done.stderr
    assert saved[1].startswith(str(tmp_path))
    assert len(load_model(Path(saved[1])).history) == 8


def test_a_checkpoint_asked_for_on_a_full_disk_goes_elsewhere(
    small_disk: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = small_disk("--epochs", "5000", full_in=1, ended=True)
    saved = re.search(r"it was saved as (\S+/model\.pkl\.ckpt) instead", done.stderr)
    assert saved, done.stderr
    assert load_checkpoint(Path(saved[1])).config.training.epochs == 5000


def test_a_folder_that_vanishes_while_training_does_not_cost_the_model(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
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


def test_what_no_memory_holds_is_refused_before_any_is_touched(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the machine had a quarter of a GiB."""
    real = os.sysconf
    small = {"SC_PHYS_PAGES": 2**16, "SC_PAGE_SIZE": 2**12}
    monkeypatch.setattr("os.sysconf", lambda name: small.get(name) or real(name))
    layers = "[{units: 10000, activation: relu}, {units: 10, activation: softmax}]"
    command = "train", *SAMPLE, "--batch-size", "full", "--set", f"network.layers={layers}"
    result = run(*command)
    assert result.exit_code == 2
    assert "batches of 4,800 samples take up to 1.0 GiB" in result.stderr
    assert "the machine, its container or ulimit allows 0.2 GiB" in result.stderr


TRAIN = f"{MNIST_NN} train -c {QUICK} --epochs 2"


def test_an_output_that_is_mounted_by_itself_is_written_in_place(tmp_path: Path) -> None:
    """As docker run -v $PWD/outside:/m.pkl does it."""
    (tmp_path / "outside").touch()
    done = run_script(
        f"touch m.pkl; mount --bind outside m.pkl && {TRAIN} --checkpoint-every 1 -o m.pkl",
        *("-rm",),
        cwd=tmp_path,
    )
    assert (done.returncode, done.stdout) == (0, "m.pkl\n"), done.stderr
    said = done.stderr.index("m.pkl, so it will be written in place")
    assert said < done.stderr.index("epoch 1/2")
    assert done.stderr.count("written in place") == 1
    assert len(load_model(tmp_path / "outside").history) == 2
    assert load_checkpoint(tmp_path / "m.pkl.ckpt")


def test_an_output_mounted_into_a_read_only_place_needs_no_other_folder(tmp_path: Path) -> None:
    """As docker run --read-only -v $PWD/outside:/m.pkl does it: there is no place for more."""
    (tmp_path / "outside").touch()
    (tmp_path / "place").mkdir()
    (tmp_path / "place" / "m.pkl").touch()
    done = run_script(
        "mount --bind place place && mount -o remount,ro,bind place && cd place\n"
        f"mount --bind ../outside m.pkl && {TRAIN} --checkpoint-every 1 -o m.pkl",
        *("-rm",),
        cwd=tmp_path,
        TMPDIR=str(tmp_path / "place"),
    )
    assert (done.returncode, done.stdout) == (0, "m.pkl\n"), done.stderr
    assert "m.pkl.ckpt cannot be written, so there will be no checkpoint" in done.stderr
    assert len(load_model(tmp_path / "outside").history) == 2


def test_an_output_that_is_mounted_to_be_read_only_is_refused_before_training(
    tmp_path: Path,
) -> None:
    done = run_script(
        f"touch m.pkl; mount --bind m.pkl m.pkl; mount -o remount,ro,bind m.pkl\n{TRAIN} -o m.pkl",
        *("-rm",),
        cwd=tmp_path,
    )
    assert done.returncode == 2, done.stderr
    assert "--output m.pkl cannot be replaced: Read-only file system" in done.stderr


def test_a_user_without_a_home_trains_on_the_sample_and_is_told_of_data_dir(
    tmp_path: Path,
) -> None:
    """As docker run -u 12345 does it."""
    homeless = "env -u HOME -u MNIST_NN_DATA_DIR -u XDG_CACHE_HOME"
    done = run_script(
        f"{homeless} {TRAIN} -q && {homeless} {MNIST_NN} evaluate model.pkl >/dev/null || exit 9\n"
        f"{homeless} {MNIST_NN} train -c '{CONFIGS / 'base.yaml'}'; echo $?\n"
        f"{homeless} {MNIST_NN} download; echo $?\n"
        f"{homeless} {MNIST_NN} train -c '{CONFIGS / 'base.yaml'}' --data-dir .; echo $?",
        *("-U", "--map-user=12345"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["model.pkl", "2", "2", "1"]
    refusal = "no home folder, so there is no default for the data folder; name one with --data-dir"
    assert done.stderr.count(refusal) == 2
    assert "mnist is not in .; fetch it with" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.pkl"]


def test_a_home_that_does_not_exist_is_named_with_its_variable(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNIST_NN_DATA_DIR", "~no-such-user/data")
    result = run("download")
    assert result.exit_code == 2
    assert "MNIST_NN_DATA_DIR: ~no-such-user/data begins with a home folder" in result.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("train", "-c", "a.yaml", "-o", "a.yaml"),
        ("train", "-c", "a.yaml", "-o", "hard"),
        ("train", "-c", "link", "-o", "a.yaml"),
        ("train", "-c", "a.yaml", "-o", "./folder/../a.yaml"),
        ("train", "-c", "a.yaml", "-c", "b-seed7.yaml", "-o", "b.yaml", "--seeds", "2"),
        ("train", "-c", "run.ckpt", "-o", "run"),
        ("train", "--resume", "m.pkl.ckpt", "-o", "m.pkl.ckpt"),
        ("show", "-c", "a.yaml", "-o", "a.yaml"),
        ("evaluate", "m.pkl", "--report", "m.pkl"),
        ("draw", "m.pkl", "-o", "folder/../m.pkl"),
        ("plot", "curves.png", "-o", "."),
        ("plot", "boundary.gif", "-o", ".", "--animate"),
    ],
    ids=lambda command: " ".join(command).replace("/", "_"),
)
def test_an_input_is_not_overwritten(
    command: tuple[str, ...], run: Run, tmp_path: Path, trained: Path
) -> None:
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("a.yaml")
    (tmp_path / "hard").hardlink_to(tmp_path / "a.yaml")
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    result = run(*command)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "itself, which this command reads; name another file" in result.stderr
    assert "epoch" not in result.stderr
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with configs, a model of two inputs under several names, and its checkpoint."""
    folder = tmp_path_factory.mktemp("trained")
    config = (CONFIGS / "sample.yaml").read_text()
    for name in ("a.yaml", "b-seed7.yaml", "run.ckpt"):
        (folder / name).write_text(config + "\nseed: 7\n")
    moons = CONFIGS / "reference" / "moons.yaml"
    script = (
        f"{MNIST_NN} train -c '{moons}' --engine numpy --epochs 1 --checkpoint-every 1 -o m.pkl"
    )
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, capture_output=True, text=True, timeout=LIMIT
    )
    assert done.returncode == 0, done.stderr
    for name in ("curves.png", "boundary.gif"):
        shutil.copy(folder / "m.pkl", folder / name)
    return folder


def test_a_run_may_resume_in_its_own_checkpoint(run: Run, trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    result = run("train", "--resume", "m.pkl.ckpt", "--epochs", 2)
    assert result.exit_code == 0, result.stderr
    assert len(load_model(tmp_path / "m.pkl").history) == 2


def test_a_place_that_refused_the_file_keeps_no_empty_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))

    def fail(path: Path) -> None:
        raise ModelError(f"cannot write {path}: No space left on device")

    with pytest.raises(ModelError, match="cannot write no/m"):
        save_anywhere(Path("no/m.pkl"), fail)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("usage", [(0, 0, 0), OSError("not implemented")], ids=["zero", "error"])
def test_a_disk_that_does_not_say_how_large_it_is_is_used(
    usage: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def disk_usage(path: Path) -> Any:
        if isinstance(usage, OSError):
            raise usage
        return type(real)(*usage)

    real = shutil.disk_usage(tmp_path)
    monkeypatch.setattr("shutil.disk_usage", disk_usage)
    check_room(tmp_path / "m.pkl", 1000)


@pytest.mark.parametrize(
    "output", ["/dev/stdout", "/proc/self/fd/2", "log"], ids=["stdout", "stderr", "name"]
)
def test_the_programs_own_streams_are_no_output(output: str, tmp_path: Path) -> None:
    train = f"{TRAIN} -o {output}"
    script = f"({train} >log 2>log2; echo $?); ({train} >log2 2>log; echo $?)"
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT
    )
    refused = (tmp_path / "log").read_text() + (tmp_path / "log2").read_text()
    assert done.stdout == "2\n2\n"
    assert "is where this command's messages are redirected" in refused
    assert "epoch" not in refused
