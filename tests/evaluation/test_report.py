import numpy as np

from mnist_nn.data import DATASETS, Samples
from mnist_nn.evaluation import EvaluatedModel, evaluate
from mnist_nn.evaluation.report import Provenance, write_report
from mnist_nn.nn import Network, block


def test_who_makes_no_mistake_has_none_to_show(rng: np.random.Generator) -> None:
    network = Network(784, [*block(10, "softmax")], rng=rng)
    x = rng.integers(0, 255, (50, 784), np.uint8)
    samples = Samples(x, network.predict(x).argmax(1).astype(np.uint8))
    result = evaluate(network, samples)
    model = EvaluatedModel("m", network, DATASETS["mnist"].format, samples, "samples", result, None)
    page = write_report(model, [samples], Provenance([], "")).decode()
    assert "There are none in 50 samples." in page
    assert "<strong>100.00%</strong>" in page
    assert "<img" not in page
