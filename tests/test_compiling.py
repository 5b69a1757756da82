import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba.core import config

from mnist_nn.cli.progress import compilation_noted
from mnist_nn.compiling import cached_njit
from mnist_nn.errors import MnistNNWarning


def double(x: float) -> float:
    return x + x


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """An empty folder for what is compiled."""
    with monkeypatch.context() as patch:
        patch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
        config.reload_config()
        yield tmp_path
    config.reload_config()


def ran_from_cache(kernel: Any) -> bool:
    """Say whether the one signature that a kernel was called with was found compiled."""
    hits, misses = (sum(s.values()) for s in (kernel.stats.cache_hits, kernel.stats.cache_misses))
    assert hits + misses == 1
    return bool(hits == 1)


def call(x: float = 1) -> bool:
    """Compile `double` as a new process would, call it, and say whether it was kept compiled."""
    kernel = cached_njit(nogil=True)(double)
    assert kernel(x) == 2 * x
    return ran_from_cache(kernel)


def test_what_is_compiled_is_kept(folder: Path) -> None:
    assert [call(), call()] == [False, True]
    assert {path.suffix for path in folder.rglob("*.nb?")} == {".nbi", ".nbc"}


@pytest.mark.parametrize("quiet", [False, True])
def test_a_note_says_once_that_something_must_be_compiled_and_none_that_it_is_kept(
    folder: Path, quiet: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    notes = []
    for _ in range(2):
        with compilation_noted(quiet=quiet):
            call(1)
            call(1.0)
        notes.append(capsys.readouterr().err)
    note = "compiling the engine, some seconds; it is kept for the next run\n"
    assert notes == ["" if quiet else note, ""]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "cut": lambda content: content[: len(content) // 2],
    "garbage": lambda content: bytes(range(256)),
    "zeros": lambda content: content[: len(content) // 2] + bytes(len(content) // 2),
}


@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_deleted_and_compiled_anew(
    folder: Path, suffix: str, damage: str
) -> None:
    call()
    (path,) = folder.rglob(f"*{suffix}")
    whole = path.read_bytes()
    path.write_bytes(DAMAGE[damage](whole))
    assert [call(), call()] == [False, True]


def test_a_single_wrong_bit_in_machine_code_is_noticed(folder: Path) -> None:
    call()
    (path,) = folder.rglob("*.nbc")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert [call(), call()] == [False, True]


def test_machine_code_of_another_signature_is_not_run(folder: Path) -> None:
    """Numba writes its index first: a process that is killed then leaves another's code there."""
    call(1)
    call(0.5)
    first, second = sorted(folder.rglob("*.nbc"))
    first.write_bytes(second.read_bytes())
    assert [call(1), call(1)] == [False, True]


def test_a_full_disk_costs_a_warning(folder: Path) -> None:
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, usual[1]))  # a file can have so many bytes
    try:
        with pytest.warns(MnistNNWarning, match="cannot be kept"):
            assert not call()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert [call(), call()] == [False, True]


def test_a_folder_that_cannot_be_written_costs_a_warning(folder: Path) -> None:
    kernel = cached_njit()(double)
    (cache,) = folder.iterdir()
    cache.rmdir()
    cache.write_text("not a folder")
    with pytest.warns(MnistNNWarning, match="set NUMBA_CACHE_DIR"):
        assert kernel(1) == 2


def test_a_user_without_a_home_gets_no_folder_named_like_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As docker run -u 12345 has it, where the package is another user's."""

    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Path, "home", no_home)
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.warns(MnistNNWarning, match="cannot be kept .this user has no home folder"):
        assert not call()
    assert not list(tmp_path.iterdir())


def test_where_nothing_can_be_kept_it_is_compiled_all_the_same() -> None:
    names: dict[str, Any] = {}
    exec(
        "def double(x: float) -> float: return x + x", names
    )  # from no file, so that it belongs to no folder
    with pytest.warns(MnistNNWarning, match="cannot be kept"):
        kernel = cached_njit(nogil=True)(names["double"])
    assert kernel(np.ones(3)).tolist() == [2, 2, 2]
