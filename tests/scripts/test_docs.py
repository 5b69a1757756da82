"""What the documentation site is made of, and which faults in it are found."""

from pathlib import Path

import pytest

import mnist_nn

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "scripts")


def test_links_lead_to_pages_and_links_into_the_code_become_text() -> None:
    from docs import with_links_of_site

    text = (
        "[a](engines.md#zeros) [b](../README.md) ![c](draw.png) [d](../mnist_nn/nn) "
        "[e](https://example.org/x) [f](#here)"
    )
    assert with_links_of_site(text, ROOT / "docs") == (
        "[a](engines.md#zeros) [b](index.md) ![c](draw.png) d [e](https://example.org/x) [f](#here)"
    )


def test_every_command_and_every_option_is_listed() -> None:
    from docs import commands

    page = commands()
    for name in ("download", "train", "evaluate", "predict", "plot", "draw", "gradcheck", "show"):
        assert f"\n## {name}\n" in page
    assert "| `-o, --output FILE` |" in page
    assert "default: mnist" in page


def test_what_is_not_whole_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import docs

    monkeypatch.setattr(docs, "SITE", tmp_path)
    names = [docs.address(name) for name in mnist_nn.__all__ if name != "fit"]
    anchors = "".join(f'<h3 id="{name}"></h3>' for name in names)
    (tmp_path / "api.html").write_text(f'<a href="other.html#nowhere">x</a>{anchors}')
    (tmp_path / "other.html").write_text(
        '<script src="https://example.org/a.js"></script><img src="gone.png">'
        '<a href="https://example.org">elsewhere</a><a href="api.html">fine</a>'
    )
    assert sorted(docs.faults()) == [
        "api.html lacks fit",
        "api.html links to other.html#nowhere, which has no such anchor",
        "other.html links to gone.png, which does not exist",
        "other.html loads https://example.org/a.js",
    ]
