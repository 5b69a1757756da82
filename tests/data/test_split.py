import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_nn.data import stratified_split


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.floats(0, 1), st.integers(0, 2**32))
def test_every_sample_goes_to_one_side(labels: list[int], share: float, seed: int) -> None:
    held_out = round(share * len(labels))
    kept, held = stratified_split(np.array(labels), held_out, np.random.default_rng(seed))
    assert len(held) == held_out
    assert sorted([*kept, *held]) == list(range(len(labels)))


def test_classes_keep_their_proportions(rng: np.random.Generator) -> None:
    labels = np.repeat([0, 1, 2], [600, 300, 100])
    _, held = stratified_split(labels, 100, rng)
    assert np.bincount(labels[held]).tolist() == [60, 30, 10]


@pytest.mark.parametrize("held_out", [1, 2, 5])
def test_what_rounding_leaves_over_is_dealt_out(held_out: int, rng: np.random.Generator) -> None:
    labels = np.repeat([0, 1, 2], 7)
    _, held = stratified_split(labels, held_out, rng)
    assert np.bincount(labels[held], minlength=3).max() <= -(-held_out // 3)
