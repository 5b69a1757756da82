from collections.abc import Callable
from pathlib import Path
from typing import Any

SAMPLE = Path(__file__).parents[2] / "configs" / "sample.yaml"
Run = Callable[..., Any]


def test_a_run_that_is_over_is_not_called_resumed(run: Run, tmp_path: Path) -> None:
    run("train", "-c", SAMPLE, "--epochs", 2, "--checkpoint-every", 1)
    before = (tmp_path / "model.pkl").read_bytes()
    result = run("train", "--resume", "model.pkl.ckpt")
    assert result.exit_code == 0
    assert "the run is already complete, after 2 epochs" in result.stderr
    assert "resuming" not in result.stderr
    assert (tmp_path / "model.pkl").read_bytes() == before
