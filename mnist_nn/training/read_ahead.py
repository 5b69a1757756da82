"""Reading ahead: the next samples are read from their file while the last ones are trained on."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import MappedRows


def read_ahead(x: MappedRows, parts: Iterable[NDArray[np.intp]]) -> Iterator[NDArray[Any]]:
    """Yield the rows at the indices of each part; a thread reads those of the next meanwhile."""
    with ThreadPoolExecutor(1) as pool:
        try:
            pool.submit(int)
        except RuntimeError:  # no thread can be started
            yield from (x[part] for part in parts)
            return
        reading = None
        for part in parts:
            before, reading = reading, pool.submit(x.__getitem__, part)
            if before is not None:
                yield before.result()
        if reading is not None:
            yield reading.result()
