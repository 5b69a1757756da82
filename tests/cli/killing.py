"""Kills a training run at random steps of its writing and resumes it, until it was killed enough.

Run by `test_killing.py` as a process of its own: ``killing.py ENGINE KILLS``. What is on the disk
changes only when a process writes, syncs, renames or removes something, so a run is killed before
or after such a step, not after some time: the same ones on every machine, however busy. All imports
are done here, so that a forked run spends its time training and writing, not loading. Prints what
happened as JSON.
"""

import json
import os
import random
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import mnist_nn.engines.compiled  # noqa: F401
from mnist_nn.cli import main
from mnist_nn.cli.app import app  # noqa: F401
from mnist_nn.model import load_checkpoint, load_model

MODEL, CHECKPOINT = Path("model.pkl"), Path("model.pkl.ckpt")
PIECES = 10  # that a file is written in
FARTHEST = 150  # steps until a kill, which are some four checkpoints


class Steps:
    """Counts the steps of this process, and kills it at one of them."""

    def __init__(self, left: int) -> None:
        self.left = left

    def step(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self) -> None:
        """Count what is done to files from now on."""
        for name in ("fsync", "replace", "rename", "unlink"):
            setattr(os, name, self.counted(getattr(os, name)))
        open_ = Path.open

        def open_in_pieces(path: Path, mode: str = "r", *options: Any, **more: Any) -> Any:
            file = open_(path, mode, *options, **more)
            return InPieces(file, self) if mode == "x+b" else file

        Path.open = open_in_pieces  # type: ignore[assignment, method-assign]

    def counted(self, do: Callable[..., Any]) -> Callable[..., Any]:
        def step_do_step(*arguments: Any, **options: Any) -> Any:
            self.step()
            result = do(*arguments, **options)
            self.step()
            return result

        return step_do_step


class InPieces:
    """A new file, whose content reaches the disk in pieces."""

    def __init__(self, file: IO[bytes], steps: Steps) -> None:
        self.file, self.steps = file, steps

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)

    def __enter__(self) -> "InPieces":
        return self

    def __exit__(self, *error: object) -> None:
        self.file.close()

    def write(self, blob: bytes) -> None:
        size = -(-len(blob) // PIECES)
        for start in range(0, len(blob), size):
            self.file.write(blob[start : start + size])
            self.file.flush()
            self.steps.step()


def run(arguments: list[str], *, kill_at: int | None = None) -> bool:
    """Run the command in a process of its own; kill it at a step. Say whether it was killed."""
    child = os.fork()
    if not child:
        if kill_at is not None:
            Steps(kill_at).watch()
        try:
            main([*arguments, "-q"])
        except SystemExit as end:
            os._exit(end.code if isinstance(end.code, int) else 0)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, -signal.SIGKILL), code
    return code != 0


def kill_and_resume(begin: list[str], kills: int) -> dict[str, int]:
    """Kill a run so many times; each time, what is on the disk must be whole."""
    dice = random.Random(0)
    counts = {"killed": 0, "in the middle of writing": 0, "after a checkpoint": 0, "over": 0}
    while counts["killed"] < kills:
        command = ["train", "--resume", str(CHECKPOINT)] if CHECKPOINT.exists() else begin
        if not run(command, kill_at=dice.randrange(1, FARTHEST)):
            counts["over"] += 1  # and once more from the beginning
            CHECKPOINT.unlink()
            MODEL.unlink()
            continue
        counts["killed"] += 1
        counts["in the middle of writing"] += bool(list(Path().glob(".mnist-nn-*.part")))
        if CHECKPOINT.exists():
            load_checkpoint(CHECKPOINT)
            counts["after a checkpoint"] += 1
        if MODEL.exists():
            load_model(MODEL)
    return counts


if __name__ == "__main__":
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    engine, kills = sys.argv[1], int(sys.argv[2])
    begin = ["train", "-c", "run.yaml", "--engine", engine, "--checkpoint-every", "1"]
    assert not run([*begin, "-o", "whole.pkl"])
    counts = kill_and_resume(begin, kills)
    command = ["train", "--resume", str(CHECKPOINT)] if CHECKPOINT.exists() else begin
    assert not run(command)
    print(json.dumps(counts))
