"""What docs/scikit-learn.md promises."""

import doctest
import json
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "scikit-learn.md").read_text("utf-8")


def test_the_tour_prints_what_the_page_shows() -> None:
    test = doctest.DocTestParser().get_doctest(PAGE, {}, "scikit-learn.md", None, None)
    assert len(test.examples) > 15
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    assert runner.run(test).failed == 0


def test_the_tables_are_those_of_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(DOCS.parent / "scripts")
    from bench_sklearn import tables

    assert tables(json.loads((DOCS / "scikit-learn.json").read_text())) in PAGE
