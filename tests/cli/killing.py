"""Kills a training run at random moments and lets it go on, until it has been killed enough.

Run by `test_killing.py` as a process of its own: ``killing.py ENGINE KILLS``. All imports are done
here, so that a forked run spends its time training and writing, not loading. Prints what happened
as JSON.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import IO, Any

import mnist_nn.engines.numba  # noqa: F401
from mnist_nn import files
from mnist_nn.cli import main
from mnist_nn.cli.app import app  # noqa: F401
from mnist_nn.model import load_checkpoint, load_model

MODEL, CHECKPOINT = Path("model.pkl"), Path("model.pkl.ckpt")
PIECES = 20  # that a slow writer writes a file in
PAUSE = 0.001  # seconds after each
LONGEST = 0.4  # seconds until a kill, to begin with; more where a run gets nowhere in that time


class SlowFile:
    """A file that takes its time."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)

    def __enter__(self) -> "SlowFile":
        return self

    def __exit__(self, *error: object) -> None:
        self.file.close()

    def write(self, blob: bytes) -> None:
        size = -(-len(blob) // PIECES)
        for start in range(0, len(blob), size):
            self.file.write(blob[start : start + size])
            self.file.flush()
            time.sleep(PAUSE)


def slow_down() -> None:
    """Make every step from the first byte to the synced folder take a while."""
    open_locked, fsync = files._open_locked, os.fsync

    def slow_fsync(descriptor: int) -> None:
        time.sleep(PAUSE)
        fsync(descriptor)
        time.sleep(PAUSE)

    files._open_locked = lambda path: SlowFile(open_locked(path))  # type: ignore[assignment]
    os.fsync = slow_fsync


def run(arguments: list[str], *, slowly: bool, seconds: float | None) -> bool:
    """Run the command in a process of its own; kill it after so long. Say whether it was killed."""
    child = os.fork()
    if not child:
        if slowly:
            slow_down()
        try:
            main([*arguments, "-q"])
        except SystemExit as end:
            os._exit(end.code)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, -signal.SIGKILL), code
    return code != 0


def kill_and_go_on(begin: list[str], kills: int) -> dict[str, int]:
    """Kill a run so many times; each time, what is on the disk must be whole."""
    dice, longest, before = random.Random(0), LONGEST, 0
    counts = {"killed": 0, "in the middle of writing": 0, "after a checkpoint": 0, "over": 0}
    while counts["killed"] < kills:
        command = ["train", "--resume", str(CHECKPOINT)] if CHECKPOINT.exists() else begin
        if not run(command, slowly=True, seconds=dice.uniform(0, longest)):
            counts["over"] += 1  # and once more from the beginning
            CHECKPOINT.unlink()
            MODEL.unlink()
            longest, before = LONGEST, 0
            continue
        counts["killed"] += 1
        counts["in the middle of writing"] += bool(list(Path().glob(".mnist-nn-*.part")))
        epoch = 0
        if CHECKPOINT.exists():
            epoch = load_checkpoint(CHECKPOINT).snapshot.position.epoch
            counts["after a checkpoint"] += 1
        longest *= 1.2 if epoch == before else 1.0
        before = epoch
        if MODEL.exists():
            load_model(MODEL)
    return counts


if __name__ == "__main__":
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    engine, kills = sys.argv[1], int(sys.argv[2])
    begin = ["train", "-c", "run.yaml", "--engine", engine, "--checkpoint-every", "1"]
    assert not run([*begin, "-o", "whole.pkl"], slowly=False, seconds=None)
    counts = kill_and_go_on(begin, kills)
    command = ["train", "--resume", str(CHECKPOINT)] if CHECKPOINT.exists() else begin
    assert not run(command, slowly=False, seconds=None)
    print(json.dumps(counts))
