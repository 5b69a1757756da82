"""A run that is killed in the middle of anything, with no time to say goodbye, loses nothing."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from mnist_nn.model import load_model

KILLING = Path(__file__).with_name("killing.py")
RUN = {
    "data": {"dataset": "moons", "validation": 100},
    "network": {
        "layers": [
            {"units": 16, "activation": "tanh", "dropout": 0.1},
            {"units": 2, "activation": "softmax"},
        ]
    },
    "training": {
        "optimizer": {"name": "adam"},
        "ema_decay": 0.9,
        "early_stopping": {"patience": 100_000},
        "epochs": 80,
    },
}


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize(("engine", "kills"), [("numpy", 50), ("numba", 8)])
def test_a_run_survives_being_killed_at_random_moments(
    engine: str, kills: int, tmp_path: Path
) -> None:
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(RUN))
    done = subprocess.run(
        [sys.executable, KILLING, engine, str(kills)],
        cwd=tmp_path,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout.splitlines()[-1])
    print(counts)  # for the record; pytest -s shows it
    assert counts["killed"] == kills
    assert counts["in the middle of writing"] > kills / 10
    assert counts["after a checkpoint"] > kills / 10
    whole, killed = (load_model(tmp_path / name) for name in ("whole.pkl", "model.pkl"))
    assert killed.network.params.tobytes() == whole.network.params.tobytes()
    assert [replace(metrics, seconds=0) for metrics in killed.history] == [
        replace(metrics, seconds=0) for metrics in whole.history
    ]
    left = {path.name for path in tmp_path.iterdir()}
    assert left - {"whole.pkl.ckpt"} == {"run.yaml", "whole.pkl", "model.pkl", "model.pkl.ckpt"}
