"""scripts/make_big.py, with a few digits of the sample."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from mnist_nn.data import load_dataset

ROOT = Path(__file__).parents[2]


def test_it_makes_a_dataset_of_distorted_digits(tmp_path: Path) -> None:
    command = (sys.executable, str(ROOT / "scripts" / "make_big.py"), str(tmp_path))
    options = ("--dataset", "mnist-sample", "--samples", "12000", "--name", "many")
    result = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    sample, many = load_dataset("mnist-sample"), load_dataset("many", tmp_path)
    np.testing.assert_array_equal(many.train.y, sample.train.y[np.arange(12_000) % 5000])
    assert sample.test is not None
    assert many.test is not None
    np.testing.assert_array_equal(many.test.x, sample.test.x)
    originals, copies = sample.train.x[:].astype(float), many.train.x[:].astype(float)
    for start in (0, 5000):  # a copy is more like its original than like the next digit
        own, other = (
            np.array([np.corrcoef(originals[i + k], copies[start + i])[0, 1] for i in range(300)])
            for k in (0, 1)
        )
        assert np.mean(own > other) > 0.9
    assert not np.array_equal(copies[:5000], copies[5000:10_000])
