from pathlib import Path

import pytest

from mnist_nn.config.sources import Source, merge, read_file, read_override
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
        ("seed: 2020-13-45", "not valid YAML"),
        ("a: " + "[" * 5000, "not valid YAML"),
        ("seed: {[1]: 2}", "not valid YAML"),
        ("? [1, 2]\n: 3", "not valid YAML"),
    ],
)
def test_a_file_that_is_no_config_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read_file(written(tmp_path, text))
    assert message in str(caught.value)
    assert "c.yaml" in str(caught.value)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not a text file in UTF-8"):
        read_file(tmp_path / "c.yaml")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read the config .*none\.yaml: No such file"):
        read_file(tmp_path / "none.yaml")


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    assert read_file(written(tmp_path, "# nothing yet\n")).values == {}


@pytest.mark.parametrize("text", ["epochs", "=3", ""])
def test_an_override_needs_a_key_and_a_value(text: str) -> None:
    with pytest.raises(ConfigError, match="must be key=value"):
        read_override(text)


def test_a_list_is_replaced_whole() -> None:
    assert merge([read_override("a=[9]")], {"a": [1, 2, 3]}) == {"a": [9]}


def test_an_item_out_of_the_list_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"--set a\.3=1: there are items 0 to 2, got 3"):
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
