import base64
import hashlib
import json
import re
from typing import Any

import numpy as np
import pytest

from mnist_nn.data import Preparation, SampleFormat
from mnist_nn.errors import ConfigError
from mnist_nn.nn import Network, block
from mnist_nn.page import draw_page
from mnist_nn.page.page import SCRIPTS

DIGITS = tuple("0123456789")
HOSTILE = "</script><script>alert(1)</script><!--&\u2028'\"\udcff"


def small(dtype: str = "float32", *, bias: bool = True) -> Network:
    rng = np.random.default_rng(0)
    layers = [*block(3, "sigmoid", bias=bias), *block(10, "softmax", bias=bias)]
    return Network(784, layers, rng=rng, dtype=dtype)


def reads(names: tuple[str, ...], how: str = "mnist", *shape: int) -> SampleFormat:
    """A format of images of these classes, by default of MNIST's shape."""
    sides: Any = shape or (28, 28)
    return SampleFormat(sides, names, preparation=Preparation(how))  # type: ignore[arg-type]


def model_in(page: str) -> dict[str, Any]:
    found = re.search(r'<script id="model" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert found
    model: dict[str, Any] = json.loads(found[1])
    return model


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("bias", [True, False])
def test_the_page_holds_every_parameter_to_the_last_bit(dtype: str, bias: bool) -> None:
    network = small(dtype, bias=bias)
    model = model_in(draw_page(network, reads(DIGITS), "here").decode())
    for row, dense in zip(model["layers"], network.dense, strict=True):
        for text, array in ((row["W"], dense.W), (row["b"], dense.b)):
            assert (text is None) == (array is None)
            if text is not None and array is not None:
                numbers = np.frombuffer(base64.b64decode(text), f"<f{network.dtype.itemsize}")
                assert (numbers == array.ravel()).all()
    assert model["dtype"] == dtype
    assert [(row["n_in"], row["units"]) for row in model["layers"]] == [(784, 3), (3, 10)]
    assert [row["activation"] for row in model["layers"]] == ["sigmoid", "softmax"]


def test_the_page_names_no_other_file() -> None:
    page = draw_page(small(), reads(DIGITS), "here").decode()
    assert re.findall(r'\b(?:src|href|action)="(?!data:)', page) == []
    assert not re.search(r"url\(|@import|\bimport[ (]|\bfetch\(|XMLHttpRequest", page)


def test_only_the_programs_of_the_page_may_run() -> None:
    page = draw_page(small(), reads(DIGITS), "here").decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy[1].split("; ")}
    assert rules["default-src"] == ["'none'"]
    for kind, name in (("script-src", "script"), ("style-src", "style")):
        texts = re.findall(rf"<{name}>(.*?)</{name}>", page, re.DOTALL)
        digests = [hashlib.sha256(text.encode()).digest() for text in texts]
        hashes = [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]
        assert rules[kind] == hashes
    assert page.count("<script>") == len(SCRIPTS) + 2  # the constants and the activations


def test_no_name_breaks_out_of_the_page() -> None:
    plain = draw_page(small(), reads(DIGITS), "here").decode()
    page = draw_page(small(), reads((*DIGITS[:9], HOSTILE[:-4])), HOSTILE).decode()
    assert page.count("<script") == plain.count("<script")
    assert "<!--" not in page
    model = model_in(page)
    assert model["source"] == HOSTILE
    assert model["classes"][9] == HOSTILE[:-4]


@pytest.mark.parametrize(
    ("names", "title"),
    [
        (DIGITS, "Draw a digit"),
        ((*"お01234567",), "Draw a character"),
        (("Shirt", *DIGITS[1:]), "Draw one of 10 things"),
    ],
)
def test_the_title_says_what_to_draw(names: tuple[str, ...], title: str) -> None:
    network = Network(784, block(len(names), "softmax"), rng=None)
    assert model_in(draw_page(network, reads(names), "").decode())["title"] == title


@pytest.mark.parametrize(
    ("samples", "what"),
    [
        (SampleFormat((4,), ("a", "b", "c")), "reads 4 numbers per sample"),
        (SampleFormat((28, 28), ("a", "b", "c")), "does not say how a drawing becomes"),
        (reads(("a", "b", "c"), "resize", 65, 20), "reads 65×20 .* at most 64×64 pixels"),
    ],
    ids=["measurements", "no preparation", "too large"],
)
def test_a_network_that_reads_no_drawings_is_refused(samples: SampleFormat, what: str) -> None:
    network = Network(samples.n_inputs, [*block(3, "softmax")], rng=None)
    with pytest.raises(ConfigError, match=what):
        draw_page(network, samples, "mine.pkl")


def test_a_network_that_no_browser_could_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    network = small()
    monkeypatch.setattr("mnist_nn.page.page.MAX_BYTES", network.params.nbytes)
    assert draw_page(network, reads(DIGITS), "just.pkl")
    monkeypatch.setattr("mnist_nn.page.page.MAX_BYTES", network.params.nbytes - 1)
    with pytest.raises(ConfigError, match="use a smaller network"):
        draw_page(network, reads(DIGITS), "large.pkl")
