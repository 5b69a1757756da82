import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mnist_nn.nn import ACTIVATIONS, ActivationFunction, numerical_gradient

TRAINABLE = [a for a in ACTIVATIONS.values() if a.trainable]
Z = np.array([[-2.0, -0.5, 0.25, 3.0], [1.0, -1.0, 0.5, 2.0]])

every = pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=lambda a: a.name)
trainable = pytest.mark.parametrize("activation", TRAINABLE, ids=lambda a: a.name)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sigmoid", [0.1192029220, 0.5, 0.9525741268]),
        ("tanh", [-0.9640275801, 0.0, 0.9950547537]),
        ("relu", [0.0, 0.0, 3.0]),
        ("leaky_relu", [-0.02, 0.0, 3.0]),
        ("elu", [-0.8646647168, 0.0, 3.0]),
        ("softplus", [0.1269280110, 0.6931471806, 3.0485873516]),
        ("silu", [-0.2384058440, 0.0, 2.8577223804]),
        ("gelu", [-0.0454023059, 0.0, 2.9963626534]),
        ("identity", [-2.0, 0.0, 3.0]),
        ("softmax", [0.0063774609, 0.0471234165, 0.9464991226]),
        ("step", [0.0, 0.0, 1.0]),
    ],
)
def test_known_values(name: str, expected: list[float]) -> None:
    z = np.array([[-2.0, 0.0, 3.0]])
    np.testing.assert_allclose(ACTIVATIONS[name].function(z, None), [expected], atol=1e-7)


@trainable
def test_backward_is_the_derivative(
    activation: ActivationFunction, rng: np.random.Generator
) -> None:
    dy = rng.normal(size=Z.shape)
    numeric = numerical_gradient(lambda z: (activation.function(z, None) * dy).sum(), Z, h=1e-6)
    y = activation.function(Z, None)
    analytic = activation.backward(Z, y, dy, np.empty_like(dy))
    np.testing.assert_allclose(analytic, numeric, atol=1e-8)


@every
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_sums_neither_warn_nor_leave_the_finite(
    activation: ActivationFunction, dtype: type
) -> None:
    z: np.ndarray = np.array([[1e4, -1e4, 0.0], [-1e4, -1e4, -1e4]], dtype)
    y = activation.function(z, None)
    assert y.dtype == dtype
    assert np.isfinite(y).all()


@pytest.mark.parametrize(
    "activation", [a for a in ACTIVATIONS.values() if not a.needs_sums], ids=lambda a: a.name
)
def test_out_may_be_the_input(activation: ActivationFunction) -> None:
    z = Z.copy()
    expected = activation.function(Z, None)
    assert activation.function(z, z) is z
    np.testing.assert_array_equal(z, expected)


@trainable
def test_backward_spares_its_inputs(activation: ActivationFunction) -> None:
    z, y, dy = Z.copy(), activation.function(Z, None), np.ones_like(Z)
    before = y.copy()
    activation.backward(z, y, dy, np.empty_like(dy))
    np.testing.assert_array_equal(z, Z)
    np.testing.assert_array_equal(y, before)
    np.testing.assert_array_equal(dy, 1)


@given(arrays(np.float64, (3, 5), elements=st.floats(-1e4, 1e4)))
def test_softmax_rows_are_probabilities(z: np.ndarray) -> None:
    y = ACTIVATIONS["softmax"].function(z, None)
    assert (y >= 0).all()
    np.testing.assert_allclose(y.sum(axis=1), 1, rtol=1e-12)


def test_the_step_function_has_no_way_back() -> None:
    with pytest.raises(ValueError, match="step: its derivative is zero wherever it exists"):
        ACTIVATIONS["step"].backward(Z, Z, Z, np.empty_like(Z))
