"""``plot``: the charts as files."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from PIL.GifImagePlugin import GifImageFile

from mnist_nn.cli import main
from mnist_nn.cli.animate import fields
from mnist_nn.cli.evaluated_model import evaluate_model
from mnist_nn.data import load_dataset
from mnist_nn.evaluation import Plane
from mnist_nn.model import Model, load_model, save_model

from .pages import addresses, said

Run = Callable[..., Any]
CONFIGS = Path(__file__).parents[2] / "configs"
SAMPLE = ("-c", CONFIGS / "base.yaml", "-c", CONFIGS / "sample.yaml", "-q")
MOONS = ("-c", CONFIGS / "reference" / "moons.yaml", "-q")
OF_ONE = ["curves", "classes", "calibration", "confusion", "mistakes", "weights"]


def drawn(result: Any) -> list[str]:
    assert result.exit_code == 0, result.stderr
    lines: list[str] = result.stdout.splitlines()
    return lines


def words(path: Path) -> str:
    return said(ElementTree.fromstring(path.read_text("utf-8")))


@pytest.fixture(scope="module")
def plots(trained_on_sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all charts of a model, as PNG and as SVG."""
    folder = tmp_path_factory.mktemp("plots")
    for kind in ("png", "svg"):
        with pytest.raises(SystemExit) as caught:
            main(["plot", str(trained_on_sample), "--format", kind, "-o", str(folder)])
        assert caught.value.code == 0
    return folder


def test_a_model_has_all_charts_as_pictures(plots: Path) -> None:
    assert {path.name for path in plots.glob("*.png")} == {f"{name}.png" for name in OF_ONE}
    for name in OF_ONE:
        with Image.open(plots / f"{name}.png") as picture:
            assert min(picture.size) > 500
            assert len(set(picture.convert("L").tobytes())) > 10  # it is not empty
            assert len(picture.info["Description"]) > 40


def test_a_picture_says_what_evaluate_says(run: Run, sample_model: Path, plots: Path) -> None:
    numbers = json.loads(run("evaluate", sample_model, "--json").stdout)
    assert f"{numbers['accuracy']:.2%} of 1,000 test samples" in words(plots / "confusion.svg")
    assert f"3 {numbers['per_class'][3]['precision']:.2%}, " in words(plots / "classes.svg")
    for name in OF_ONE:
        text = (plots / f"{name}.svg").read_text("utf-8")
        assert addresses(text) == set()
        ids = [element.get("id") for element in ElementTree.fromstring(text).iter()]
        ids = [found for found in ids if found]
        assert len(ids) == len(set(ids))
        assert "var(" not in text  # it has no page around it


def test_the_same_model_is_drawn_the_same(
    run: Run, trained_on_sample: Path, plots: Path, tmp_path: Path
) -> None:
    for kind in ("png", "svg"):
        result = run("plot", trained_on_sample, "-o", "a/b", "--format", kind)
        assert drawn(result) == [f"a/b/{name}.{kind}" for name in OF_ONE]
        assert result.stderr == ""
    files = sorted(plots.iterdir())
    assert len(files) == 12
    for path in files:
        assert path.read_bytes() == (tmp_path / "a" / "b" / path.name).read_bytes(), path.name


def test_several_models_share_the_charts_that_they_can(
    run: Run, sample_model: Path, tmp_path: Path
) -> None:
    run("train", *SAMPLE, "--epochs", 4, "--set", "data.validation=500", "-o", "_x$y_1$.pkl")
    result = run("plot", sample_model, "_x$y_1$.pkl", "--format", "svg")
    assert drawn(result) == [f"plots/{name}.svg" for name in OF_ONE[:3]]
    curves = words(tmp_path / "plots" / "curves.svg")
    for path, n in ((sample_model, 2), (tmp_path / "_x$y_1$.pkl", 4)):
        history = load_model(path).history
        assert f"{n} epochs: training loss from {history[0].loss:.4f}" in curves
    assert "validation loss" in curves
    for name in OF_ONE[:3]:
        assert "_x$y_1$.pkl" in (tmp_path / "plots" / f"{name}.svg").read_text("utf-8")


def test_models_of_different_things_share_their_curves(
    run: Run, sample_model: Path, tmp_path: Path
) -> None:
    run("train", *MOONS, "--epochs", 2, "-o", "moons.pkl")
    names = [Path(path).stem for path in drawn(run("plot", sample_model, "moons.pkl"))]
    assert names == ["curves", "calibration"]


def test_a_run_in_progress_is_drawn_as_far_as_it_is(run: Run, tmp_path: Path) -> None:
    run("train", *SAMPLE, "--epochs", 3, "--log-dir", "logs")
    metrics = tmp_path / "logs" / "metrics.jsonl"
    lines = metrics.read_text().splitlines()
    loss = [json.loads(line)["loss"] for line in lines]
    for half, n in ((lines[2][:-9], 2), (lines[2], 3), ("", 2), ("{", 2)):
        metrics.write_text("\n".join([*lines[:2], half]))
        assert drawn(run("plot", "logs", "--format", "svg")) == ["plots/curves.svg"]
        expected = f"logs: {n} epochs: training loss from {loss[0]:.4f} to {loss[n - 1]:.4f}"
        assert expected in words(tmp_path / "plots" / "curves.svg")
    assert drawn(run("plot", metrics)) == ["plots/curves.png"]


def test_a_run_in_progress_can_be_held_against_a_model(run: Run, sample_model: Path) -> None:
    run("train", *SAMPLE, "--epochs", 1, "--log-dir", "logs", "-o", "other.pkl")
    assert [Path(path).stem for path in drawn(run("plot", sample_model, "logs"))] == OF_ONE


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "no epoch is complete yet"),
        (b'{"epoch": 1, "lo', "no epoch is complete yet"),
        (b"epoch,loss\n1,0.5\n", "line 1: not the metrics of an epoch as JSON"),
        (b"[" * 100_000 + b"\n", "line 1: not the metrics of an epoch as JSON"),
        (b"1" * 5000 + b"\n", "line 1: not the metrics of an epoch as JSON"),
        (b'{"epoch": 1, "loss": 0.5}\n', "entry 1 is not the metrics of an epoch: accuracy"),
        (
            b'{"epoch": 1, "loss": NaN, "accuracy": 0}\n',
            "entry 1 is not the metrics of an epoch: loss",
        ),
        (b"\xff\xfe\n", "line 1"),
        (b"null\n", "entry 1 is not the metrics of an epoch"),
    ],
)
def test_what_are_no_metrics_is_refused(
    content: bytes, complaint: str, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "metrics.jsonl").write_bytes(content)
    result = run("plot", ".")
    assert (result.exit_code, result.stdout) == (1, "")
    assert complaint in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "plots").exists()


def test_moons_are_drawn_with_their_boundary(run: Run, tmp_path: Path) -> None:
    run("train", *MOONS, "--epochs", 3)
    paths = drawn(run("plot", "model.pkl", "--format", "svg"))
    assert [Path(path).stem for path in paths] == [*OF_ONE[:4], "boundary"]
    text = (tmp_path / "plots" / "boundary.svg").read_text("utf-8")
    assert text.count("<use ") > 900  # a mark for each sample
    accuracy = json.loads(run("evaluate", "model.pkl", "--json").stdout)["accuracy"]
    assert f"{accuracy:.2%} of 100 test samples of moons" in words(
        tmp_path / "plots" / "boundary.svg"
    )


@pytest.mark.parametrize(("epochs", "frames"), [(1, 1), (3, 3), (30, 4)])
def test_an_animation_has_a_frame_for_epochs_from_the_first_to_the_last(
    epochs: int, frames: int, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("mnist_nn.cli.animate.MAX_FRAMES", 4)
    run("train", *MOONS, "--epochs", epochs, "--set", "network.initializer.scale=0.3")
    before = (tmp_path / "model.pkl").read_bytes()
    result = run("plot", "model.pkl", "--animate")
    assert drawn(result)[-1] == "plots/boundary.gif"
    assert f"training again for {epochs} epochs" in result.stderr
    with Image.open(tmp_path / "plots" / "boundary.gif") as gif:
        assert isinstance(gif, GifImageFile)
        assert gif.n_frames == frames
        assert min(gif.size) > 300
    assert (tmp_path / "model.pkl").read_bytes() == before


def test_the_last_frame_is_the_model_itself(run: Run, tmp_path: Path) -> None:
    """Runs are deterministic: what is trained again looks like what was trained before."""
    run("train", *MOONS, "--epochs", 40)
    path, moons = tmp_path / "model.pkl", load_dataset("moons")
    model = load_model(path)
    loaded = evaluate_model(path, model, moons, "test")
    (first, early), (last, field) = fields(loaded, [1, 40])
    plane = Plane.around(np.concatenate([part.x for part in loaded.all_samples]))
    assert (first, last) == (1, 40)
    np.testing.assert_array_equal(field, plane.outputs(model.network))
    assert not np.array_equal(early, field)


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (("model.pkl", "--animate"), 2, "--animate: the model reads 784 numbers per sample"),
        (("model.pkl", "model.pkl", "--animate"), 2, "--animate: name a single model file"),
        (("model.pkl", "-o", "model.pkl"), 2, "--output model.pkl: File exists; name a folder"),
        (("model.pkl", "-o", "/proc/no"), 2, "--output /proc/no: "),
        (("model.pkl",) * 8, 2, "8 models: at most 7 can be compared"),
        (("model.pkl", "--format", "pdf"), 2, "--format"),
        (("none.pkl",), 1, "cannot read none.pkl"),
        (("none.jsonl",), 1, "there is no none.jsonl; mnist-nn train --log-dir DIR writes one"),
        ((".",), 1, "there is no metrics.jsonl; mnist-nn train --log-dir DIR writes one"),
        (("/dev/null",), 1, "/dev/null"),
    ],
)
def test_errors_are_short(
    arguments: tuple[Any, ...],
    code: int,
    complaint: str,
    run: Run,
    sample_model: Path,
    tmp_path: Path,
) -> None:
    result = run("plot", *arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert complaint in result.stderr
    assert len(result.stderr.splitlines()) <= 2
    assert not (tmp_path / "plots").exists()


def test_pictures_of_clothes_are_needed_to_draw_how_well_they_are_read(
    run: Run, sample_model: Path, tmp_path: Path
) -> None:
    run("train", *SAMPLE, "--epochs", 1, "-o", "m.pkl")
    model = load_model(tmp_path / "m.pkl")
    data = model.config.data.model_copy(update={"dataset": "fashion-mnist"})
    config = model.config.model_copy(update={"data": data})
    save_model(
        tmp_path / "m.pkl", Model(config, model.network, model.format, model.history, {}, {})
    )
    result = run("plot", "m.pkl")
    assert result.exit_code == 1
    assert "fetch it with: mnist-nn download --dataset fashion-mnist" in result.stderr
