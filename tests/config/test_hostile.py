"""Configs at random: each is a config, or an error of one or two lines that a person can read."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mnist_nn.config import Config, dump_config, load_config, read_override
from mnist_nn.errors import ConfigError

CONFIGS = sorted((Path(__file__).parents[2] / "configs").rglob("*.yaml"))
KEYS = sorted({key for path in CONFIGS for key in path.read_text().replace(":", " ").split()})
TOKENS = ["[", "]", "{", "}", ",", ": ", "- ", "? ", "<<: ", "&a ", "*a", "| ", "> ", "'", '"', "%"]
TOKENS += ["!!int ", "!!float ", "!!bool ", "!!set ", "!!omap ", "!!pairs ", "!!binary ", "!!str "]
TOKENS += ["!!timestamp ", "!!null ", "!!map ", "!!seq ", "!!python/name:os.system ", "!x ", "=: "]
TOKENS += ["1", "-1", "0x1", "1e3", ".nan", ".inf", "null", "true", "2020-01-01", "~", "\n", "\n  "]
TOKENS += [
    "seed",
    "network",
    "layers",
    "training",
    "optimizer",
    "name",
    "adam",
    "\n---\n",
    "\t",
    "#",
]


def check(*arguments: Any) -> None:
    """Load a config, which is one, or it is briefly said what is wrong."""
    try:
        config = load_config(*arguments)
    except ConfigError as error:
        message = str(error)
    else:
        assert isinstance(config, Config)
        assert yaml.safe_load(dump_config(config))
        return
    assert len(message) < 1000
    assert len(message.splitlines()) in (1, 2)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile") / "any.yaml"


soup = st.lists(st.sampled_from(TOKENS + KEYS), max_size=30).map("".join)
texts = st.text(max_size=10)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), texts, st.dates(), st.datetimes()
)
keys = st.one_of(st.sampled_from(KEYS), scalars, st.integers(0, 3))
values = st.recursive(
    st.one_of(scalars, st.binary(), st.sets(texts), st.sampled_from(KEYS)),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(keys, inner)),
    max_leaves=20,
)
sections = st.dictionaries(st.sampled_from([*Config.model_fields]), values)


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """Change one of the project's configs in some places: cut out, put in, repeated."""
    blob = draw(st.sampled_from([path.read_bytes() for path in CONFIGS]))
    for _ in range(draw(st.integers(1, 4))):
        place = st.integers(0, len(blob))
        i, j = sorted((draw(place), draw(place)))
        new = draw(st.one_of(st.binary(max_size=4), soup.map(str.encode)))
        blob = draw(
            st.sampled_from(
                [
                    blob[:i] + new + blob[i + len(new) :],
                    blob[:i] + new + blob[i:],
                    blob[:i] + blob[j:],
                    blob[:j] + blob[i:],
                    blob[:i],
                ]
            )
        )
    return blob


@given(st.one_of(st.binary(), st.text().map(str.encode), soup.map(str.encode), spoilt()))
def test_any_file_is_a_config_or_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    check([path])


@given(st.one_of(values, sections))
def test_any_values_are_a_config_or_refused(path: Path, value: object) -> None:
    path.write_text(yaml.safe_dump(value), encoding="utf-8")
    check([path])


settings_of_a_key = st.builds(
    "{}={}".format,
    st.lists(st.one_of(st.sampled_from(KEYS), st.integers(-1, 3), st.text(max_size=3))).map(
        lambda parts: ".".join(map(str, parts))
    ),
    st.one_of(soup, st.text()),
)
surrogates = st.text(st.characters(categories=["Cs", "Cc", "Nd", "Lu"]))


@given(st.one_of(st.text(), settings_of_a_key, surrogates, surrogates.map("seed={}".format)))
def test_any_override_is_taken_or_refused(text: str) -> None:
    try:
        override = read_override(text)
    except ConfigError as error:
        message = str(error)
    else:
        check([], [override])
        return
    assert message.startswith("--set ")
    assert len(message) < 1000
    assert "\n" not in message
