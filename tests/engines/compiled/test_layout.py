import numpy as np
import pytest

from mnist_nn.data import Samples
from mnist_nn.engines import Regularization, StepConfig
from mnist_nn.engines.compiled import NumbaEngine
from mnist_nn.engines.compiled.layout import aligned, lay_out, pack, unpack
from mnist_nn.nn import LOSSES, Network, block
from mnist_nn.training import SGD, AdaGrad, AdamW, RMSprop
from mnist_nn.training.optimizers import Optimizer


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("bias", [True, False])
def test_what_is_packed_comes_back(dtype: type, bias: bool) -> None:
    layers = [part for units in (33, 16, 1) for part in block(units, "sigmoid", bias=bias)]
    network = Network(5, layers, rng=None, dtype=dtype)
    network.params[:] = np.arange(1, network.params.size + 1)
    layout = lay_out(network, 10)
    params = aligned(layout.n_parameters, network.dtype)
    pack(network, layout, params)
    assert np.count_nonzero(params) == network.params.size
    network.params[:] = 0
    unpack(network, layout, params)
    np.testing.assert_array_equal(network.params, np.arange(1, network.params.size + 1))


@pytest.mark.parametrize(
    "optimizer", [SGD(), AdaGrad(), RMSprop(), AdamW()], ids=lambda optimizer: optimizer.name
)
def test_units_that_do_not_exist_never_learn(digits: Samples, optimizer: Optimizer) -> None:
    """Eleven units are padded to sixteen; what is behind them must stay zero to be harmless."""
    layers = [*block(11, "tanh", dropout=0.1), *block(11, "sigmoid"), *block(10, "softmax")]
    network = Network(784, layers, rng=np.random.default_rng(0), input_scale=1 / 255)
    step_config = StepConfig(
        LOSSES["cross_entropy"], optimizer, Regularization(label_smoothing=0.1)
    )
    engine = NumbaEngine(network, step_config, *digits, 32, np.random.default_rng(0))
    engine.run(np.arange(640), np.full(20, 0.01))
    assert np.count_nonzero(engine.params) <= network.params.size
    assert np.count_nonzero(network.params) > 0.8 * network.params.size


def test_an_aligned_array_begins_at_a_cache_line() -> None:
    for n in (1, 17, 1000):
        assert aligned(n, np.dtype(np.float32)).ctypes.data % 64 == 0
