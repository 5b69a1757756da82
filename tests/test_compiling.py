import numpy as np
import pytest
from numba.core.caching import CompileResultCacheImpl

from mnist_nn.compiling import kept_compiled


def double(x: np.ndarray) -> np.ndarray:
    return x + x


def test_what_is_compiled_is_kept() -> None:
    kernel = kept_compiled(nogil=True)(double)
    assert kernel(np.ones(3)).tolist() == [2, 2, 2]
    assert sum(kernel.stats.cache_hits.values()) + sum(kernel.stats.cache_misses.values()) == 1


def test_where_nothing_can_be_kept_it_is_compiled_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(CompileResultCacheImpl, "_locator_classes", [])
    assert kept_compiled(nogil=True)(double)(np.ones(3)).tolist() == [2, 2, 2]
