"""What a download does with what is there, what arrives, and a folder that cannot be used."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnist_nn.data import DatasetInfo
from mnist_nn.data.cache import read_cache, write_cache
from mnist_nn.data.download import CacheReady, Received, download, import_folder
from mnist_nn.data.folder import read_folder
from mnist_nn.errors import DataError

Tiny = tuple[DatasetInfo, dict[str, bytes]]
Mirror = Any  # the server in conftest.py


def fetch(source: DatasetInfo, folder: Path, *mirrors: str, **options: Any) -> list[Any]:
    return list(download(source, folder, mirrors=mirrors, **options))


def assert_complete(tiny: Tiny, folder: Path) -> None:
    """The cache verifies, the files are the mirror's, and nothing else is left behind."""
    source, blobs = tiny
    read_cache(folder / "tiny.npz", source)
    assert {p.name for p in folder.iterdir()} == {"tiny", "tiny.npz"}
    assert {p.name for p in (folder / "tiny").iterdir()} == set(blobs)


def test_progress_adds_up_to_each_file(tiny: Tiny, mirror: Mirror, tmp_path: Path) -> None:
    events = fetch(tiny[0], tmp_path, mirror.url("good"))
    last = {event.name: event for event in events if isinstance(event, Received)}
    for name, blob in tiny[1].items():
        received = last[name.removesuffix(".gz")]
        assert received.done == received.total == len(blob)


def test_the_second_time_the_network_is_not_touched(
    tiny: Tiny, mirror: Mirror, tmp_path: Path
) -> None:
    fetch(tiny[0], tmp_path, mirror.url("good"))
    asked = len(mirror.asked)
    assert fetch(tiny[0], tmp_path, mirror.url("good")) == [
        CacheReady(tmp_path / "tiny.npz", "verified")
    ]
    assert len(mirror.asked) == asked == 4


def test_force_fetches_everything_again(tiny: Tiny, mirror: Mirror, tmp_path: Path) -> None:
    fetch(tiny[0], tmp_path, mirror.url("good"))
    fetch(tiny[0], tmp_path, mirror.url("good"), force=True)
    assert len(mirror.asked) == 8


def test_a_damaged_cache_is_rebuilt_from_the_files(
    tiny: Tiny, mirror: Mirror, tmp_path: Path
) -> None:
    fetch(tiny[0], tmp_path, mirror.url("good"))
    (tmp_path / "tiny.npz").write_bytes(b"damaged")
    assert fetch(tiny[0], tmp_path) == [CacheReady(tmp_path / "tiny.npz", "rebuilt")]
    assert_complete(tiny, tmp_path)


def test_a_cache_that_numpy_2_0_wrote_wrongly_is_rebuilt(tiny: Tiny, tmp_path: Path) -> None:
    """Its ``savez`` took ``allow_pickle`` for an array's name."""
    files = tmp_path / "tiny"
    files.mkdir()
    for name, blob in tiny[1].items():
        (files / name).write_bytes(blob)
    arrays = read_folder(files, tiny[0])
    write_cache(tmp_path / "tiny.npz", arrays | {"allow_pickle": np.array(False)})
    with pytest.raises(DataError, match=r"it holds .*allow_pickle\.npy.* instead of"):
        read_cache(tmp_path / "tiny.npz", tiny[0])
    assert fetch(tiny[0], tmp_path) == [CacheReady(tmp_path / "tiny.npz", "rebuilt")]
    assert_complete(tiny, tmp_path)


def test_only_a_damaged_file_is_fetched_again(tiny: Tiny, mirror: Mirror, tmp_path: Path) -> None:
    fetch(tiny[0], tmp_path, mirror.url("good"))
    (tmp_path / "tiny.npz").unlink()
    path = tmp_path / "tiny" / "t10k-labels-idx1-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-3])
    fetch(tiny[0], tmp_path, mirror.url("good"))
    assert mirror.asked[4:] == ["/good/t10k-labels-idx1-ubyte.gz"]
    assert_complete(tiny, tmp_path)


def test_when_all_mirrors_fail_each_is_named_with_its_reason_and_the_remedies(
    tiny: Tiny, mirror: Mirror, dead: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError) as caught:
        fetch(tiny[0], tmp_path, dead, mirror.url("html"))
    message = str(caught.value)
    assert f"{dead}/train-images-idx3-ubyte.gz: connection refused or host unreachable" in message
    assert f"{mirror.url('html')}/train-images-idx3-ubyte.gz: not IDX data" in message
    assert "--from DIR" in message
    assert "mnist-sample" in message
    assert not (tmp_path / "tiny.npz").exists()
    assert not list((tmp_path / "tiny").iterdir())


def test_two_downloads_at_once_both_end_well(tiny: Tiny, mirror: Mirror, tmp_path: Path) -> None:
    outcomes: list[Any] = []
    threads = [
        threading.Thread(
            target=lambda: outcomes.append(fetch(tiny[0], tmp_path, mirror.url("good"))[-1])
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 4
    assert_complete(tiny, tmp_path)


def test_a_folder_of_files_is_imported(tiny: Tiny, tmp_path: Path) -> None:
    origin = tmp_path / "origin"
    origin.mkdir()
    for name, blob in tiny[1].items():
        (origin / name).write_bytes(blob)
    finished = import_folder(tiny[0], origin, tmp_path / "new" / "folder")
    arrays = read_cache(finished.path, tiny[0])
    assert np.isin(arrays["y_train"], range(10)).all()


def test_the_mirror_that_delivered_is_asked_first_from_then_on(
    tiny: Tiny, mirror: Mirror, tmp_path: Path
) -> None:
    fetch(tiny[0], tmp_path, mirror.url("html"), mirror.url("good"))
    assert [path.split("/")[1] for path in mirror.asked] == ["html", *["good"] * 4]


def test_missing_folders_are_made(tiny: Tiny, mirror: Mirror, tmp_path: Path) -> None:
    fetch(tiny[0], tmp_path / "a" / "b" / "c", mirror.url("good"))
    assert_complete(tiny, tmp_path / "a" / "b" / "c")


def test_giving_up_in_the_middle_leaves_nothing_behind(
    tiny: Tiny, mirror: Mirror, tmp_path: Path
) -> None:
    events = download(tiny[0], tmp_path, mirrors=[mirror.url("dripping-body")])
    next(event for event in events if isinstance(event, Received) and event.done)
    assert [path.suffix for path in (tmp_path / "tiny").iterdir()] == [".part"]
    events.close()
    assert not list((tmp_path / "tiny").iterdir())


def assert_folder_is_blamed(tiny: Tiny, mirror: Mirror, folder: Path) -> None:
    """No mirror is, each of which delivers; the remedy is told."""
    with pytest.raises(DataError) as caught:
        fetch(tiny[0], folder, mirror.url("good"), mirror.url("other"))
    assert str(caught.value).startswith(f"cannot write to {folder}: ")
    assert "choose another folder with --data-dir or MNIST_NN_DATA_DIR" in str(caught.value)
    assert not [path for path in mirror.asked if "other" in path]
    assert not list(folder.rglob(".*.part") if folder.is_dir() else ())


def test_a_data_folder_that_is_a_file_is_an_error(
    tiny: Tiny, mirror: Mirror, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert_folder_is_blamed(tiny, mirror, tmp_path / "file")
    assert_folder_is_blamed(tiny, mirror, tmp_path / "file" / "data")
    assert (tmp_path / "file").read_text() == "in the way"


@pytest.fixture
def readonly(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "readonly"
    folder.mkdir()
    folder.chmod(0o500)
    if os.access(folder, os.W_OK):
        pytest.skip("this user may write everywhere")
    yield folder
    folder.chmod(0o700)


def test_a_data_folder_that_may_not_be_written_is_an_error(
    tiny: Tiny, mirror: Mirror, readonly: Path
) -> None:
    assert_folder_is_blamed(tiny, mirror, readonly)


@pytest.mark.parametrize("room", [1_000, 10_000])  # for no file; for the files but not the cache
def test_a_full_disk_is_an_error_and_no_mirror_is_blamed(
    room: int, tiny: Tiny, mirror: Mirror, tmp_path: Path
) -> None:
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
    try:
        assert_folder_is_blamed(tiny, mirror, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    fetch(tiny[0], tmp_path, mirror.url("good"))
    assert_complete(tiny, tmp_path)
