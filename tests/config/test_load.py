import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mnist_nn.config import Config, dump_config, load_config, read_override, read_value
from mnist_nn.config.load import RECORDS
from mnist_nn.config.sources import Source
from mnist_nn.errors import ConfigError
from mnist_nn.training import EarlyStopping


def resolved(*overrides: str) -> Config:
    return load_config([], [read_override(text) for text in overrides])


def complaint(*overrides: str) -> str:
    with pytest.raises(ConfigError) as caught:
        resolved(*overrides)
    return str(caught.value)


def test_every_key_has_a_default() -> None:
    config = load_config()
    assert [layer.units for layer in config.network.layers] == [128, 64, 10]
    assert config.training.epochs == 10


def test_a_dump_loads_back_the_same(tmp_path: Path) -> None:
    config = resolved("training.iterations=7", "data.validation=0.25", "training.batch_size=full")
    (tmp_path / "c.yaml").write_text(dump_config(config))
    assert load_config([tmp_path / "c.yaml"]) == config


def test_later_files_win_then_overrides_in_order(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("seed: 1\ntraining: {epochs: 2, batch_size: 8}")
    (tmp_path / "b.yaml").write_text("training: {epochs: 3}")
    files = [tmp_path / "a.yaml", tmp_path / "b.yaml"]
    config = load_config(files, [read_override("seed=4"), read_value("--seed", "seed", "5")])
    assert (config.training.epochs, config.training.batch_size, config.seed) == (3, 8, 5)


@pytest.mark.parametrize("text", ["1e-3", "1E-3", "0.001", "1.0e-3", "+1e-3", ".1e-2"])
def test_scientific_notation_is_a_number(text: str) -> None:
    config = resolved(f"training.optimizer.learning_rate={text}")
    assert config.training.optimizer.learning_rate == 0.001


def test_one_layer_of_the_list_can_be_reached() -> None:
    assert resolved("network.layers.0.units=300").network.layers[0].units == 300
    assert resolved("network.layers.0.units=300").network.layers[1].units == 64


def test_the_latest_of_epochs_and_iterations_counts() -> None:
    assert resolved("training.iterations=5").training.epochs is None
    both = resolved("training.iterations=5", "training.epochs=2").training
    assert (both.epochs, both.iterations) == (2, None)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("training.epoch=3", "training.epoch: unknown key (did you mean 'epochs'?)"),
        ("epochs=3", "epochs: unknown key (did you mean 'training.epochs'?)"),
        ("training.epochs=0", "training.epochs: must be 1 or more, got 0"),
        ("training.epochs=2.5", "training.epochs: must be a whole number, got 2.5"),
        ("training.epochs=many", "training.epochs: must be a whole number, got 'many'"),
        ("seed=-1", "seed: must be 0 or more, got -1"),
        ("seed=true", "seed: must be a whole number, got true"),
        ("seed=010", "seed: must be a whole number, got '010'"),
        ("seed=1:30", "seed: must be a whole number, got '1:30'"),
        (
            "training.epochs=2000000000",
            "training.epochs: must be at most 1000000000, got 2000000000",
        ),
        (
            "data.validation=true",
            "data.validation: must be a count (a whole number, 0 for none) or a fraction between "
            "0 and 1, got true",
        ),
        ("seed=null", "seed: must be a whole number, got null"),
        (
            "network.initializer.scale=1e308",
            "network.initializer.scale: must be at most 1000, got 1e+308",
        ),
        (
            "training.optimizer.learning_rate=-1",
            "training.optimizer.learning_rate: must be above 0, got -1",
        ),
        (
            "training.optimizer.learning_rate=.inf",
            "training.optimizer.learning_rate: must be a finite number, got inf",
        ),
        (
            "training.optimizer.lr=1",
            "training.optimizer.lr: unknown key "
            "(known: name, learning_rate, weight_decay, momentum, nesterov)",
        ),
        (
            "training.optimizer={name: adam, beta1: 0.8}",
            "--set training.optimizer={name: adam, beta1: 0.8}: "
            "training.optimizer.beta1: unknown key (did you mean 'beta_1'?)",
        ),
        (
            "training.optimizer.name=adamm",
            "training.optimizer.name: unknown optimizer 'adamm' (did you mean 'adam'?)",
        ),
        (
            "training.optimizer={name: adam, beta_1: 1}",
            "--set training.optimizer={name: adam, beta_1: 1}: "
            "training.optimizer.beta_1: must be below 1, got 1",
        ),
        (
            "training.optimizer=5",
            "training.optimizer: must be a mapping of keys to values, got 5",
        ),
        (
            "training.schedule=[1]",
            "training.schedule: must be a mapping of keys to values, got [1]",
        ),
        (
            "training.schedule=cosine",
            "training.schedule: must be a mapping, such as {name: cosine}, got 'cosine'",
        ),
        (
            "training.schedule={name: cosin}",
            "--set training.schedule={name: cosin}: "
            "training.schedule.name: unknown schedule 'cosin' (did you mean 'cosine'?)",
        ),
        (
            "training.schedule={name: step, evry: 3}",
            "--set training.schedule={name: step, evry: 3}: "
            "training.schedule.evry: unknown key (did you mean 'every'?)",
        ),
        (
            "training.schedule={name: step, factor: 2}",
            "--set training.schedule={name: step, factor: 2}: "
            "training.schedule.factor: must be below 1, got 2",
        ),
        (
            "training.early_stopping={patienc: 3}",
            "--set training.early_stopping={patienc: 3}: "
            "training.early_stopping.patienc: unknown key (did you mean 'patience'?)",
        ),
        (
            "training.early_stopping.patience=2.5",
            "training.early_stopping.patience: must be a whole number, got 2.5",
        ),
        (
            "training.optimizer.nesterov=5",
            "training.optimizer.nesterov: must be true or false, got 5",
        ),
        (
            "data.augmentation.shift=true",
            "data.augmentation.shift: must be a number, got true",
        ),
        (
            "training.weight_decay=0.1",
            "training.weight_decay: unknown key (did you mean 'training.optimizer.weight_decay'?)",
        ),
        (
            "training.early_stopping.patience=0",
            "training.early_stopping.patience: must be 1 or more, got 0",
        ),
        ("training.ema_decay=1.5", "training.ema_decay: must be below 1, got 1.5"),
        ("training.clip_norm=0", "training.clip_norm: must be above 0, got 0"),
        ("training.label_smoothing=1", "training.label_smoothing: must be below 1, got 1"),
        ("network.layers.0.dropout=1", "network.layers.0.dropout: must be below 1, got 1"),
        (
            "network.layers.2.dropout=0.1",
            "network.layers.2.dropout: the last layer's outputs are the answer and cannot be "
            "dropped; set it to 0",
        ),
        (
            "data.augmentation.rotation=90",
            "data.augmentation.rotation: must be at most 45, got 90",
        ),
        (
            "data.augmentation.elastic_alfa=3",
            "data.augmentation.elastic_alfa: unknown key (did you mean 'elastic_alpha'?)",
        ),
        (
            "training.batch_size=0",
            "training.batch_size: must be a whole number from 1 to 1,000,000,000 or 'full', got 0",
        ),
        (
            "data.validation=1.5",
            "data.validation: must be a count (a whole number, 0 for none) or a fraction between "
            "0 and 1, got 1.5",
        ),
        (
            "data.dataset=mn/ist",
            "data.dataset: must be a name of letters (a to z, A to Z), digits, '-', '_' and '.', "
            "got 'mn/ist'",
        ),
        (
            'data.dataset="iris\\n"',
            "data.dataset: must be a name of letters (a to z, A to Z), digits, '-', '_' and '.', "
            "got 'iris\\n'",
        ),
        ("network.dtype=float16", "network.dtype: must be 'float32' or 'float64', got 'float16'"),
        ("network.layers=[]", "network.layers: must be a list of 1 to 100 layers, got []"),
        ("network.layers=5", "network.layers: must be a list of 1 to 100 layers, got 5"),
        (
            "network.layers.0.units=1000000000",
            "network.layers.0.units: must be at most 100000, got 1000000000",
        ),
        (
            "network.layers.0.activation=sigmod",
            "network.layers.0.activation: unknown activation 'sigmod' (did you mean 'sigmoid'?)",
        ),
        ("network=3", "network: must be a mapping of keys to values, got 3"),
    ],
)
def test_a_wrong_value_is_named_with_its_path_and_rule(override: str, message: str) -> None:
    assert complaint(override) == message


def test_a_step_layer_cannot_be_trained() -> None:
    assert "network.layers.0.activation: 'step' cannot be trained" in complaint(
        "network.layers.0.activation=step"
    )


def test_a_loss_that_does_not_fit_is_refused_with_the_reason() -> None:
    assert complaint("network.layers.2.activation=relu") == (
        "training.loss: cross_entropy does not fit a relu output: it scores probabilities that sum "
        "to one; fitting outputs: softmax"
    )


def test_neither_epochs_nor_iterations() -> None:
    assert "give either epochs or iterations" in complaint("training.epochs=null")


def test_the_file_at_fault_is_named(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text("seed: 1")
    (tmp_path / "bad.yaml").write_text("training: {epochs: x}")
    with pytest.raises(ConfigError, match=r"bad\.yaml: training\.epochs: must be a whole number"):
        load_config([tmp_path / "bad.yaml", tmp_path / "good.yaml"])


def test_further_problems_are_counted(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("sed: 1\ntrainin: {}\ndata: 3")
    with pytest.raises(ConfigError, match=r"(?s)sed: unknown key.*\(and 2 more problems\)"):
        load_config([tmp_path / "c.yaml"])


def leaves(values: Any, path: str = "") -> Iterator[str]:
    """Give the dotted path of every value that is no mapping and no list."""
    if not isinstance(values, dict | list) or not values:
        yield path
        return
    for key, value in values.items() if isinstance(values, dict) else enumerate(values):
        yield from leaves(value, f"{path}.{key}".removeprefix("."))


def keys() -> Iterator[tuple[str, str]]:
    """Give every key a config may have, and what must be set for the config to have it."""
    for path in leaves(Config().model_dump(mode="json", exclude={"training": {"early_stopping"}})):
        yield path, "seed=0"
    for kind, records in RECORDS.items():
        for name, record in records.items():
            for field in dataclasses.fields(record):
                yield f"training.{kind}.{field.name}", f"training.{kind}={{name: {name}}}"
    for field in dataclasses.fields(EarlyStopping):
        yield f"training.early_stopping.{field.name}", "data.validation=9"


NULLABLE = ["training.clip_norm", "training.ema_decay", "training.iterations"]
NULLABLE += ["training.class_weight"]
NULLABLE += ["network.initializer.scale", "network.initializer.legacy_seed"]
FLAGS = [
    "batch_norm",
    "bias",
    "biases",
    "shuffle",
    "replacement",
    "flip",
    "nesterov",
    "restore_best_weights",
]
WRONG = [
    "{}",
    "{a: 1}",
    "[]",
    "[1]",
    "",
    "null",
    "true",
    "word",
    "''",
    "-1",
    "-.5",
    "1e999",
    ".nan",
]
WRONG += ["-.inf", "9" * 400, "-" + "9" * 400, "2020-01-01", "!!binary QQ==", "!!set {a}"]


@pytest.mark.parametrize(("path", "given"), list(keys()))
def test_a_wrong_type_or_range_is_named_by_its_dotted_path(path: str, given: str) -> None:
    for text in WRONG:
        right = text == "true" and path.rpartition(".")[2] in FLAGS
        right |= text in ("", "null") and path in NULLABLE
        right |= path == "data.dataset" and text == "word"  # which a folder may have
        right |= path == "data.validation" and text == "9" * 400  # any count, until the data say
        right |= path == "training.class_weight" and text == "{a: 1}"  # the data say this, too
        if path == "training.epochs" and text in ("", "null"):
            continue  # right by itself; see test_neither_epochs_nor_iterations
        sources = [read_override(given), Source("c.yaml", read_override(f"{path}={text}").values)]
        if right:
            load_config([], sources)
            continue
        with pytest.raises(ConfigError) as caught:
            load_config([], sources)
        assert str(caught.value).startswith(f"c.yaml: {path}: "), text
        assert len(str(caught.value)) < 300


SECTIONS = ["data", "data.augmentation", "network", "network.layers", "network.layers.1"]
SECTIONS += ["network.initializer", "training", "training.optimizer", "training.schedule"]
SECTIONS += ["training.early_stopping"]


@pytest.mark.parametrize("path", SECTIONS)
def test_what_should_be_a_section_is_named_by_its_dotted_path(path: str) -> None:
    for text in ("3", "word", "[1]", "null", "true", ".nan", "{5: 1}", "{null: 1}", "{a: {b: 1}}"):
        if text == "null" and path == "training.early_stopping":
            continue  # which is how to have none
        source = Source("c.yaml", read_override(f"{path}={text}").values)
        with pytest.raises(ConfigError) as caught:
            load_config([], [source])
        assert str(caught.value).startswith(f"c.yaml: {path}"), text


def test_an_item_that_is_not_there_is_named_by_its_dotted_path(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("network: {layers: {7: {units: 3}}}")
    with pytest.raises(
        ConfigError, match=r"c\.yaml: network\.layers: there are items 0 to 2, got 7"
    ):
        load_config([tmp_path / "c.yaml"])


def test_a_message_quotes_a_wide_value_in_part(tmp_path: Path) -> None:
    wide = "1"
    for _ in range(4):
        wide = f"[{', '.join([wide] * 6)}]"
    (tmp_path / "c.yaml").write_text(f"seed: {wide}")
    with pytest.raises(ConfigError) as caught:
        load_config([tmp_path / "c.yaml"])
    assert len(str(caught.value)) < len(str(tmp_path)) + 350
