"""What `make release` asks for before it builds anything."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n## [1.2.0] - 2030-01-31\n\n- New.\n"
CITATION = 'version: 1.2.0\ndate-released: "2030-01-31"\n'


@pytest.fixture(autouse=True)
def _scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "scripts")


def test_a_version_that_is_the_same_everywhere_is_ready() -> None:
    from release import complaints

    assert complaints("1.2.0", CHANGELOG, CITATION) == []


@pytest.mark.parametrize(
    ("version", "old", "new", "named"),
    [
        ("1.3.0", "", "", "CHANGELOG.md"),
        ("1.2.0", "[Unreleased]\n", "[Unreleased]\n\n- Newer.\n", "Unreleased"),
        ("1.2.0", " - 2030-01-31", "", "CHANGELOG.md"),
        ("1.2.0", "version: 1.2.0", "version: 1.1.0", "CITATION.cff"),
        ("1.2.0", '"2030-01-31"', '"2030-01-30"', "CITATION.cff"),
    ],
)
def test_a_version_that_differs_somewhere_is_named(
    version: str, old: str, new: str, named: str
) -> None:
    from release import complaints

    texts = [text.replace(old, new) if old else text for text in (CHANGELOG, CITATION)]
    (found,) = complaints(version, *texts)
    assert named in found


def test_the_version_of_this_tree_is_the_changelogs_and_the_citations() -> None:
    from release import complaints

    from mnist_nn import __version__

    texts = [(ROOT / name).read_text() for name in ("CHANGELOG.md", "CITATION.cff")]
    assert not [found for found in complaints(__version__, *texts) if "Unreleased" not in found]
