import errno
import os
import shutil
import stat
import subprocess
import sys
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import pytest

from mnist_nn import files
from mnist_nn.errors import DataError
from mnist_nn.files import atomic_write, read_bounded, resolved, written_in_place

WRITE = """
import sys
from pathlib import Path
from mnist_nn.files import atomic_write, written_in_place
path, size = Path(sys.argv[1]), int(sys.argv[2])
print(written_in_place(path))
try:
    with atomic_write(path) as file:
        file.write(b"n" * size)
except OSError as error:
    print(error.strerror)
"""


def write_elsewhere(tmp_path: Path, *unshare: str, prepare: str = ":", size: int = 3) -> list[str]:
    """Write `size` bytes to tmp_path/file as another user or with other mounts; return the words.

    These are whether it would be written in place, what went wrong, and the content of "file".
    """
    if shutil.which("unshare") is None or subprocess.run(["unshare", *unshare, "true"]).returncode:
        pytest.skip("this user may not make a namespace")
    script = f"set -e\n{prepare}\n{sys.executable} -c '{WRITE}' file {size}\nhead -c 9 file"
    done = subprocess.run(
        ["unshare", *unshare, "bash", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")


def test_the_file_appears_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with atomic_write(path) as file:
        file.write(b"new")
        assert not path.exists()
    assert path.read_bytes() == b"new"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_failure_leaves_the_old_file_and_no_temporary_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail() -> None:
        with atomic_write(path) as file:
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
    with atomic_write(tmp_path / "slow") as slow:
        with atomic_write(tmp_path / "quick") as quick:
            quick.write(b"quick")
        slow.write(b"slow")
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {
        "slow": b"slow",
        "quick": b"quick",
    }


def test_many_writers_at_once_end_with_one_whole_file_and_no_temporary_file(tmp_path: Path) -> None:
    def write(number: int) -> None:
        for _ in range(20):
            with atomic_write(tmp_path / "file") as file:
                file.write(bytes([number]) * 5000)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
    content = (tmp_path / "file").read_bytes()
    assert content == content[:1] * 5000


def test_a_name_that_is_used_again_meanwhile_is_not_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between opening and locking what is stale, another removes it and a writer takes its name."""
    stale = tmp_path / ".mnist-nn-0123456789abcdef.part"
    stale.write_bytes(b"half of a model")
    writers: list[IO[bytes]] = []
    real = files._lock

    def lock(file: IO[bytes], *, wait: bool) -> bool:
        if not wait and not writers:
            stale.unlink()
            writers.append(stale.open("x+b"))
            assert real(writers[0], wait=True)
        return real(file, wait=wait)

    monkeypatch.setattr(files, "_lock", lock)
    with atomic_write(tmp_path / "file") as file:
        file.write(b"new")
    assert stale.exists()
    writers[0].close()


def test_a_file_that_is_removed_before_it_is_locked_is_made_again_under_another_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, names = files._lock, []

    def lock(file: IO[bytes], *, wait: bool) -> bool:
        if wait:
            (path,) = tmp_path.iterdir()
            names.append(path.name)
            if len(names) < 3:
                path.unlink()
        return real(file, wait=wait)

    monkeypatch.setattr(files, "_lock", lock)
    with atomic_write(tmp_path / "file") as file:
        file.write(b"new")
    assert len(set(names)) == 3
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_bytes() == b"new"


@pytest.mark.skipif(sys.platform == "win32", reason="this system has no such locks")
def test_where_there_are_no_locks_no_file_in_use_is_taken_for_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    with monkeypatch.context() as without_locks:
        without_locks.setattr("fcntl.flock", refuse)
        slow = atomic_write(tmp_path / "slow")
        slow_file = slow.__enter__()
    with atomic_write(tmp_path / "quick") as file:
        file.write(b"quick")
    slow_file.write(b"slow")
    slow.__exit__(None, None, None)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {
        "slow": b"slow",
        "quick": b"quick",
    }


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_a_replaced_file_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for mode in (0o600, 0o664, 0o400):
        path.touch()
        path.chmod(mode)
        with atomic_write(path) as file:
            (temporary,) = tmp_path.glob(".mnist-nn-*")
            assert stat.S_IMODE(temporary.stat().st_mode) == mode
            file.write(b"new")
        assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give files away"
)
def test_a_file_that_root_replaces_keeps_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    os.chown(path, 12345, 54321)
    with atomic_write(path) as file:
        file.write(b"new")
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 54321)


def test_a_file_in_a_folder_that_takes_no_new_files_is_written_in_place(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"the old content")
    tmp_path.chmod(0o555)
    words = write_elsewhere(tmp_path, "-U", "--map-user=12345")
    tmp_path.chmod(0o755)
    assert words == ["True", "nnn"]


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give files away"
)
def test_a_file_of_another_in_a_sticky_folder_is_written_in_place(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"the old content")
    for path, mode in ((tmp_path / "file", 0o666), (tmp_path, 0o1777)):
        os.chown(path, 54321, -1)
        path.chmod(mode)
    assert write_elsewhere(tmp_path, "-U", "--map-user=12345") == ["True", "nnn"]
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("name", ["file", "a strange\tname\\"], ids=["plain", "strange"])
def test_a_file_that_is_mounted_by_itself_is_written_in_place(name: str, tmp_path: Path) -> None:
    mounted = tmp_path / name
    mounted.touch()
    if name != "file":
        (tmp_path / "file").symlink_to(mounted)
    (tmp_path / "outside").write_bytes(b"the old content")
    mount = f"mount --bind outside $'{name}'".replace("\\", "\\\\")
    assert write_elsewhere(tmp_path, "-rm", prepare=mount) == ["True", "nnn"]
    assert (tmp_path / "outside").read_bytes() == b"nnn"
    assert not list(tmp_path.glob(".mnist-nn-*"))


def test_a_disk_that_is_full_leaves_a_file_that_is_written_in_place_as_it_was(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "disk").mkdir()
    mount = (
        "mount -t tmpfs -o size=1m none disk\n"
        "echo -n the old content > disk/m; mount --bind disk/m file"
    )
    words = write_elsewhere(tmp_path, "-rm", prepare=mount, size=2_000_000)
    assert words == ["True", "No space left on device", "the old c"]


def test_a_plain_file_is_not_written_in_place(tmp_path: Path) -> None:
    assert not written_in_place(tmp_path / "new")
    (tmp_path / "old").touch()
    assert not written_in_place(tmp_path / "old")
    assert [p.name for p in tmp_path.iterdir()] == ["old"]


def test_a_link_to_itself_is_refused_and_stays(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    with pytest.raises(OSError, match="link to itself"):
        resolved(tmp_path / "one")
    with pytest.raises(OSError, match="link to itself"), atomic_write(tmp_path / "one"):
        pass
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one", "two"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
def test_others_may_read_it_as_the_umask_says(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "file") as file:
        file.write(b"")
    plain = tmp_path / "plain"
    plain.touch()
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_a_file_is_read_up_to_its_limit_and_no_further(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    assert read_bounded(path, 40, DataError) == b"content"
    with path.open("ab") as file:
        file.truncate(10**12)  # sparse: it takes no place on the disk
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="more than the limit of 40"):
            read_bounded(path, 40, DataError)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_a_file_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_bounded(tmp_path / "none", 40, DataError)


def test_a_folder_and_a_device_are_no_files(tmp_path: Path) -> None:
    for path in (tmp_path, "/dev/zero") if Path("/dev/zero").exists() else (tmp_path,):
        with pytest.raises(DataError, match="not a plain file"):
            read_bounded(path, 40, DataError)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are of POSIX")
def test_a_pipe_without_a_writer_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="not a plain file"):
        read_bounded(tmp_path / "pipe", 40, DataError)
