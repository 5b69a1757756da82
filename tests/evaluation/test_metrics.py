import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, log_loss, precision_recall_fscore_support

from mnist_nn.data import Samples, load_dataset
from mnist_nn.evaluation import Evaluation, evaluate
from mnist_nn.nn import Network, block

from ..fitting import fit


def test_metrics_are_those_of_an_independent_implementation(digits: Samples) -> None:
    rng = np.random.default_rng(0)
    network = Network(784, [*block(10, "softmax")], rng=rng, input_scale=1 / 255, dtype=np.float64)
    list(fit(network, digits, rng=rng, epochs=1, engine="numpy"))
    test = load_dataset("mnist-sample").test
    assert test is not None
    result = evaluate(network, test)
    outputs = network.predict(test.x)
    read = outputs.argmax(axis=1)
    np.testing.assert_array_equal(result.confusion, confusion_matrix(test.y, read))
    assert result.accuracy == (read == test.y).mean()
    assert result.loss == pytest.approx(log_loss(test.y, outputs), rel=1e-12)
    oracle = precision_recall_fscore_support(test.y, read)
    for k, row in enumerate(result.per_class):
        ours = (row.precision, row.recall, row.f1, row.support)
        assert ours == pytest.approx(tuple(column[k] for column in oracle))


def test_a_class_that_is_never_read_or_never_there_scores_zero() -> None:
    result = Evaluation(0.0, np.array([[5, 0, 1], [3, 0, 0], [0, 0, 0]]))
    never_read, never_there = result.per_class[1], result.per_class[2]
    assert (never_read.precision, never_read.recall, never_read.f1) == (0, 0, 0)
    assert (never_there.precision, never_there.recall, never_there.support) == (0, 0, 0)
