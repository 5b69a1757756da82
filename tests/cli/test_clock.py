"""The time in which a run is stopped is no training time."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mnist_nn.model import load_model

CONFIG = Path(__file__).parents[2] / "configs" / "sample.yaml"
PAUSE = 2.0  # seconds; the step that it falls into takes a small part of one
STOPS_IN_ITS_STEP = """
import os, signal, sys
from mnist_nn.cli import main
from mnist_nn.engines.numpy_engine import NumpyEngine

def run(self, *arguments, run=NumpyEngine.run):
    os.kill(os.getpid(), signal.SIGSTOP)
    return run(self, *arguments)

NumpyEngine.run = run
sys.exit(main())
"""


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no SIGSTOP here")
def test_the_time_in_which_a_run_is_stopped_does_not_count(tmp_path: Path) -> None:
    command = [sys.executable, "-c", STOPS_IN_ITS_STEP, "train", "-c", str(CONFIG), "--quiet"]
    command += ["--engine", "numpy", "--batch-size", "full", "--epochs", "1", "-o", "model.pkl"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL)
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    time.sleep(PAUSE)
    process.send_signal(signal.SIGCONT)
    assert process.wait(timeout=300) == 0
    assert 0 < load_model(tmp_path / "model.pkl").history[0].seconds < PAUSE
