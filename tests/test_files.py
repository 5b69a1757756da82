import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mnist_nn.files import replacing


def test_the_file_appears_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with replacing(path) as file:
        file.write(b"new")
        assert not path.exists()
    assert path.read_bytes() == b"new"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_failure_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail() -> None:
        with replacing(path) as file:
            file.write(b"half of the n")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_what_a_killed_process_left_behind_is_removed_and_what_is_in_use_is_not(
    tmp_path: Path,
) -> None:
    litter = tmp_path / ".mnist-nn-0123456789abcdef.part"
    litter.write_bytes(b"half of a model")
    with replacing(tmp_path / "slow") as slow:
        with replacing(tmp_path / "quick") as quick:
            quick.write(b"quick")
        slow.write(b"slow")
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {
        "slow": b"slow",
        "quick": b"quick",
    }


def test_many_writers_at_once_end_with_one_whole_file_and_no_litter(tmp_path: Path) -> None:
    def write(number: int) -> None:
        for _ in range(20):
            with replacing(tmp_path / "file") as file:
                file.write(bytes([number]) * 5000)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
    content = (tmp_path / "file").read_bytes()
    assert content == content[:1] * 5000


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
def test_others_may_read_it_as_the_umask_says(tmp_path: Path) -> None:
    with replacing(tmp_path / "file") as file:
        file.write(b"")
    plain = tmp_path / "plain"
    plain.touch()
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)
