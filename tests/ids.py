"""Names of tests that are the same in every process, at every moment and in every folder.

Processes that share the tests among them compare what each has collected, and stop where it
differs. What a name was made of must therefore be the same everywhere: no bytes, which may hold a
time, no path, and no letters that a terminal may not have. Each process collects an hour apart from
the others, so that a name that depends on the time is noticed in every run and not only by chance.
"""

import os
import re
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path, PurePath

import pytest

PLACES = tuple(map(str, {Path(__file__).parents[1], Path(tempfile.gettempdir()), Path.cwd()}))
NAMELESS = bytes, bytearray, memoryview, PurePath, date, time.struct_time
UNPRINTABLE = re.compile(r"[^ -~]+|\\[xuU][0-9a-fA-F]{2,}")
HOUR = 3600


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name a parameter; pytest numbers those of the same name, and names the others itself."""
    if isinstance(val, NAMELESS) or (isinstance(val, str) and _names_a_place(val)):
        return argname
    return UNPRINTABLE.sub("_", val) if isinstance(val, str) else None


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """Collect at a time of its own in each worker."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
    now = time.time
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.time", lambda: now() + number * HOUR)
        return (yield)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse names that bytes or a path were made into."""
    bad = [item.nodeid for item in items if is_bound_to_a_place_or_time(item.nodeid)]
    if bad:
        shown = "\n".join(bad[:5])
        raise pytest.UsageError(
            f"{len(bad)} tests have bytes, a path or unprintable letters in their names, which "
            f"differ between processes; set their ids:\n{shown}"
        )


def is_bound_to_a_place_or_time(name: str) -> bool:
    """Tell whether the name of a test may differ elsewhere or later."""
    parameters = name.partition("[")[2]
    return bool(UNPRINTABLE.search(parameters)) or _names_a_place(parameters)


def _names_a_place(text: str) -> bool:
    return any(place in text for place in PLACES if len(place) > 1) or " at 0x" in text
