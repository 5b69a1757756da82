import os
import threading
import tracemalloc
from pathlib import Path

import pytest

from mnist_nn.config.sources import MAX_BYTES, Source, merge, read_file, read_override
from mnist_nn.errors import ConfigError


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed: 1\nseed: 2", "line 2: not valid YAML: the key 'seed' is given twice"),
        ("seed: [1", "line 1: not valid YAML"),
        ("seed: 1\n\t- x", "line 2: not valid YAML"),
        ("- 1\n- 2", "a config is a mapping such as 'seed: 1', got list"),
        ("!!python/object/apply:os.system ['true']", "could not determine a constructor"),
        ("seed: 2020-13-45", "line 1: not valid YAML: '2020-13-45' is not a valid timestamp"),
        ("seed: !!bool maybe", "'maybe' is not a valid bool"),
        ("seed: !!int ''", "'' is not a valid int"),
        ("seed: !!timestamp now", "'now' is not a valid timestamp"),
        ("seed: !!timestamp {=: now}", "is not a valid timestamp"),
        ("seed: !!binary é", "failed to convert base64 data"),
        ("seed: !!set [a]", "expected a mapping node, but found sequence"),
        ("seed: " + "1" * 5000, "a whole number has at most 1,000 digits"),
        ("seed: !!int 0x" + "f" * 5000, "a whole number has at most 1,000 digits"),
        ("seed: !!int 1" + ":59" * 5000, "a whole number has at most 1,000 digits"),
        ("seed: {[1]: 2}", "found unhashable key"),
        ("? [1, 2]\n: 3", "found unhashable key"),
        ("seed: 1\n---\nseed: 2", "line 2: not valid YAML: but found another document"),
        ("seed: \0", "unacceptable character #x0000"),
        ("seed: \x1b[2J", "unacceptable character #x001b"),
        ("&a [*a]", "an alias refers to a node that contains it"),
        ("seed: &a {<<: *a}", "an alias refers to a node that contains it"),
    ],
)
def test_a_file_that_is_no_config_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read_file(written(tmp_path, text))
    assert message in str(caught.value)
    assert "c.yaml" in str(caught.value)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"c\.yaml: not text in UTF-8, or in UTF-16"):
        read_file(tmp_path / "c.yaml")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-16-le", "utf-8-sig", "utf-8"])
def test_text_as_powershell_and_notepad_save_it_is_read(encoding: str, tmp_path: Path) -> None:
    mark = "\ufeff" if encoding in ("utf-16-be", "utf-16-le") else ""
    (tmp_path / "c.yaml").write_bytes(f"{mark}seed: 7  # é\r\n".encode(encoding))
    assert read_file(str(tmp_path / "c.yaml")).values == {"seed": 7}


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read the config .*none\.yaml: No such file"):
        read_file(tmp_path / "none.yaml")


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    assert read_file(written(tmp_path, "# nothing yet\n")).values == {}


@pytest.mark.parametrize("text", ["epochs", "=3", "", "=", "..=1", "a.=1", ".a=1", "a..b=1"])
def test_an_override_needs_a_key_and_a_value(text: str) -> None:
    with pytest.raises(ConfigError, match="must be key=value"):
        read_override(text)


def test_a_list_is_replaced_whole() -> None:
    assert merge([read_override("a=[9]")], {"a": [1, 2, 3]}) == {"a": [9]}


def test_an_item_out_of_the_list_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"--set a\.3=1: a: there are items 0 to 2, got 3"):
        merge([read_override("a.3=1")], {"a": [1, 2, 3]})


def test_a_mapping_with_another_name_is_another_thing() -> None:
    old = {"optimizer": {"name": "sgd", "learning_rate": 1}}
    new = {"optimizer": {"name": "adam"}}
    assert merge([Source("", new)], old) == new
    same = merge([read_override("optimizer.learning_rate=2")], old)
    assert same == {"optimizer": {"name": "sgd", "learning_rate": 2}}


def test_merging_changes_no_source() -> None:
    old = {"training": {"epochs": 1, "iterations": None}}
    merge([read_override("training.iterations=5")], old)
    assert old == {"training": {"epochs": 1, "iterations": None}}


def test_merge_keys_bring_defaults_that_may_be_overridden(tmp_path: Path) -> None:
    text = "common: &common {epochs: 1, batch_size: 2}\ntraining:\n  <<: *common\n  epochs: 5"
    values = read_file(written(tmp_path, text)).values
    assert values["training"] == {"epochs": 5, "batch_size": 2}


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", "&a [", "!!set {"])
def test_what_is_nested_too_deep_is_refused(opening: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not valid YAML"):
        read_file(written(tmp_path, opening * (MAX_BYTES // len(opening))))


def chained(pattern: str) -> str:
    """Nine lines, each of which uses the anchor of the line before nine times."""
    lines = ["a0: &a0 {x: 1}"]
    for i in range(9):
        lines.append(f"a{i + 1}: &a{i + 1} " + pattern.format(", ".join([f"*a{i}"] * 9)))
    return "\n".join(lines)


@pytest.mark.parametrize(
    "pattern", ["[{}]", "{{<<: [{}]}}", "{{<<: [{}], y: 2}}", "!!set {{? [{}]}}"]
)
def test_aliases_that_multiply_are_refused_before_they_unfold(pattern: str, tmp_path: Path) -> None:
    path = written(tmp_path, chained(pattern))
    tracemalloc.start()
    try:
        with pytest.raises(
            ConfigError, match=r"line \d: not valid YAML: more than 10,000 keys and"
        ):
            read_file(path)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_an_alias_may_be_used_often(tmp_path: Path) -> None:
    text = "layer: &l {units: 9}\nlayers: [*l, *l, {<<: *l, dropout: 0.5}]"
    values = read_file(written(tmp_path, text)).values
    assert values["layers"] == [{"units": 9}, {"units": 9}, {"units": 9, "dropout": 0.5}]


def test_a_file_too_long_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    with path.open("wb") as file:
        file.truncate(10**12)  # sparse: it takes no place on the disk
    tracemalloc.start()
    try:
        for endless in (path, Path("/dev/zero")):
            if endless.exists():
                with pytest.raises(ConfigError, match="a config has at most 100,000 bytes"):
                    read_file(endless)
        assert tracemalloc.get_traced_memory()[1] < 3 * MAX_BYTES
    finally:
        tracemalloc.stop()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are of POSIX")
def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "c.yaml")

    def write_in_two_parts() -> None:
        with (tmp_path / "c.yaml").open("w") as file:
            for text in ("seed: 1\n", "training: {epochs: 2}"):
                file.write(text)
                file.flush()

    writer = threading.Thread(target=write_in_two_parts)
    writer.start()
    assert read_file(tmp_path / "c.yaml").values == {"seed": 1, "training": {"epochs": 2}}
    writer.join()


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("a" + ".a" * 10_000 + "=1", "a key has at most 200 characters, got 20,001"),
        ("9" * 5000 + "=1", "a key has at most 200 characters, got 5,000"),
        ("seed=" + "x" * MAX_BYTES + "x", "a config has at most 100,000 bytes"),
        ("seed=" + "[" * 5000, "nested too deep"),
        ("seed=" + "9" * 5000, "a whole number has at most 1,000 digits"),
        ("seed=[&a [1], *b]", "found undefined alias 'b'"),
        ("seed=\udc80", "not text in UTF-8"),
        ("seed\n=1\udc80", r"--set seed\n=1\udc80: not text in UTF-8"),
    ],
    ids=["parts", "digits", "bytes", "depth", "number", "alias", "value", "key"],
)
def test_an_override_is_held_to_the_same_bounds(override: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_override(override)
    assert message in str(caught.value)


@pytest.mark.parametrize("text", ["!" + "x" * 9000 + " 1", "*" + "x" * 9000, "{&a 1: 1, *a : 2}"])
def test_a_message_quotes_no_more_than_a_line_holds(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_override(f"seed={text}")
    assert len(str(caught.value)) < 400
    assert "\n" not in str(caught.value)
