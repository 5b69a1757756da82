import json
import sys
from pathlib import Path

import pytest

from mnist_nn import extras
from mnist_nn.extras import install_command


def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, origin: object) -> None:
    """Put a record of an installation before any other there is, of a copy in no checkout."""
    monkeypatch.setattr(extras, "CHECKOUT", tmp_path)
    record = tmp_path / "site" / "mnist_nn-1.dist-info"
    record.mkdir(parents=True)
    (record / "METADATA").write_text("Metadata-Version: 2.1\nName: mnist-nn\nVersion: 1\n")
    if origin:
        (record / "direct_url.json").write_text(json.dumps(origin))
    monkeypatch.syspath_prepend(record.parent)


def test_a_checkout_is_installed_from_where_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    installed(monkeypatch, tmp_path, None)  # as a build leaves a record in the current folder
    monkeypatch.setattr(extras, "CHECKOUT", tmp_path / "a checkout")
    (tmp_path / "a checkout").mkdir()
    (tmp_path / "a checkout" / "pyproject.toml").touch()
    assert install_command("fast") == f"pip install -e '{tmp_path}/a checkout[fast]'"


def test_what_was_installed_from_a_folder_is_installed_from_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "a folder"
    folder.mkdir()
    installed(monkeypatch, tmp_path, {"url": folder.as_uri(), "dir_info": {}})
    assert install_command("fast") == f"pip install '{folder}[fast]'"


@pytest.mark.parametrize(
    "origin",
    [
        pytest.param(None, id="index"),
        pytest.param({"url": "file:///a/m.whl", "archive_info": {}}, id="archive"),
        pytest.param({"url": "file:///nowhere/at/all", "dir_info": {}}, id="folder that is gone"),
    ],
)
def test_otherwise_it_is_installed_by_its_name(
    origin: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    installed(monkeypatch, tmp_path, origin)
    assert install_command("plots") == "pip install 'mnist-nn[plots]'"


@pytest.mark.parametrize(
    ("mark", "command"),
    [("pipx_metadata.json", "pipx install"), ("uv-receipt.toml", "uv tool install")],
)
def test_a_programs_own_environment_is_made_anew_by_who_made_it(
    mark: str, command: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    installed(monkeypatch, tmp_path, None)
    (tmp_path / mark).touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert install_command("fast") == f"{command} --force 'mnist-nn[fast]'"
