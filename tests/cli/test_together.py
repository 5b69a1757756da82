"""Several models, views of images, and no model at all on the command line."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mnist_nn import Committee, Samples, load_dataset, load_model
from mnist_nn.evaluation import AnsweredSamples

Run = Callable[..., Any]
SHIPPED = "the model that ships with mnist-nn"
ON_SAMPLE = ("--dataset", "mnist-sample")


@pytest.fixture
def unseen() -> Samples:
    samples = load_dataset("mnist-sample").test
    assert samples is not None
    return samples


@pytest.fixture
def models(run: Run, sample_model: Path) -> list[str]:
    """Two models of digits, of which the first is the one that ships."""
    load_model().save("shipped.pkl")
    return ["shipped.pkl", sample_model.name]


@pytest.fixture
def seven(run: Run, unseen: Samples) -> str:
    """A picture of a 7."""
    x = unseen.x[unseen.y == 7][4].reshape(28, 28)
    Image.fromarray(255 - x).save("7.png")
    return "7.png"


def told(result: Any) -> Any:
    assert (result.exit_code, result.stderr) == (0, "")
    return json.loads(result.stdout)


def test_the_model_that_ships_is_measured_on_the_sample(run: Run) -> None:
    report = told(run("evaluate", "--json"))
    assert (report["model"], report["dataset"], report["samples"]) == (
        *(SHIPPED, "mnist-sample"),
        1000,
    )
    assert report["accuracy"] > 0.99
    result = run("evaluate", "--min-accuracy", 0.99)
    assert f"\n{SHIPPED} on 1,000 test samples of mnist-sample\n" in result.stdout
    assert "mnist-nn download" in run("evaluate", "--dataset", "mnist").stderr


def test_the_model_that_ships_reads_pictures(run: Run, seven: str) -> None:
    [record] = told(run("predict", seven, "--json"))
    assert (record["class"], record["known"]) == ("7", True)
    assert told(run("predict", "--json", "--line", seven, "--min-probability=0"))[0]["text"] == "7"
    assert run("predict", seven).stdout.splitlines()[0] == "7.png: 7"


def test_pictures_are_never_taken_for_models(run: Run, seven: str, sample_model: Path) -> None:
    Path("copy").write_bytes(sample_model.read_bytes())  # whose name says nothing
    Path("7.pk").write_bytes(Path(seven).read_bytes())
    Path("folder.png").mkdir()
    Path(seven).rename("folder.png/7.png")
    alone = told(run("predict", "7.pk", "folder.png", "--json"))
    other = told(run("predict", "copy", "7.pk", "folder.png", "--json"))
    assert [Path(record["file"]).name for record in alone] == ["7.pk", "7.png"]
    assert alone[0]["outputs"] == alone[1]["outputs"] != other[0]["outputs"]


@pytest.mark.skipif(not Path("/dev/fd").is_dir(), reason="the system names no descriptors")
def test_what_is_in_a_pipe_is_not_taken_to_see_what_it_is(run: Run, seven: str) -> None:
    reading, writing = os.pipe()
    os.write(writing, Path(seven).read_bytes())
    os.close(writing)
    [record] = told(run("predict", f"/dev/fd/{reading}", "--json"))
    os.close(reading)
    assert record["class"] == "7"


def test_probabilities_of_several_models_are_averaged(
    run: Run, models: list[str], unseen: Samples
) -> None:
    result = run("evaluate", *models, *ON_SAMPLE, "--together", "--json")
    report = told(result)
    loaded = [load_model(model) for model in models]
    answered = AnsweredSamples(Committee(loaded).answers(unseen.x), unseen.y)
    assert report["accuracy"] == answered.right.mean()
    assert report["loss"] == report["calibration"]["after"]["cross_entropy"]
    assert report["loss"] == pytest.approx(answered.result.loss)
    assert report["calibration"]["after"]["error"] == answered.reliability.error
    assert report["calibration"]["answered"] == answered.answers.known.mean()
    assert report["views"] == 1
    for told_of, name, model in zip(report["models"], models, loaded, strict=True):
        alone = model.evaluate(unseen)
        assert (told_of["model"], told_of["accuracy"]) == (name, alone.accuracy)


def test_the_summary_names_each_model_and_all(run: Run, models: list[str]) -> None:
    report = told(run("evaluate", *models, *ON_SAMPLE, "--together", "--json"))
    lines = run("evaluate", *models, *ON_SAMPLE, "--together").stdout.splitlines()
    assert [line.split() for line in lines if ".pkl" in line] == [
        [name, f"{one['accuracy']:.2%}"] for name, one in zip(models, report["models"], strict=True)
    ]
    assert "2 models together on 1,000 test samples of mnist-sample" in lines
    low, high = report["accuracy_interval"]
    assert lines[-1] == (
        f"accuracy  {report['accuracy']:.2%} (95 % interval {low:.2%} to {high:.2%})"
    )
    assert any(line.startswith("answered ") for line in lines)
    assert any("confusion matrix" in line for line in lines)


def test_one_model_can_be_asked_to_answer_together(run: Run, models: list[str]) -> None:
    alone, together = (told(run("evaluate", *with_, "--json")) for with_ in ([], ["--together"]))
    assert together["accuracy"] == alone["accuracy"]
    assert together["loss"] == pytest.approx(alone["calibration"]["after"]["cross_entropy"])
    assert together["models"][0]["model"] == SHIPPED


def test_pictures_are_read_by_several_models(run: Run, models: list[str], seven: str) -> None:
    records = [told(run("predict", model, seven, "--json"))[0] for model in models]
    [both] = told(run("predict", *models, seven, "--together", "--json"))
    mean = np.mean([list(record["outputs"].values()) for record in records], axis=0)
    np.testing.assert_allclose(list(both["outputs"].values()), mean, atol=1e-6)
    assert set(both) == set(records[0])
    for options in (["--line"], ["--grid"], ["--show"], ["--explain", "why.png"]):
        result = run("predict", *models, seven, "--together", *options)
        assert (result.exit_code, result.stderr) == (0, "")
        assert "7.png: 7" in result.stdout


def test_rows_of_a_table_are_read_by_several_models(run: Run, unseen: Samples) -> None:
    assert run("train", "reference/iris", "-q", "-o", "a.pkl").exit_code == 0
    Path("rows.csv").write_text("5.1,3.5,1.4,0.2\n7,3.2,4.7,1.4\n")
    records = told(run("predict", "a.pkl", "a.pkl", "rows.csv", "--together", "--json"))
    assert [record["file"] for record in records] == ["rows.csv:1", "rows.csv:2"]


def test_views_are_averaged_and_told(run: Run) -> None:
    first, again = (run("evaluate", "--views", 3) for _ in range(2))
    assert first == again
    assert f"\n{SHIPPED}, averaged over 3 views, on 1,000 test samples of" in first.stdout
    report = told(run("evaluate", "--views", 3, "--json"))
    plain = told(run("evaluate", "--json"))
    assert report["views"] == 3
    assert report["loss"] != plain["loss"]
    assert report["models"][0]["accuracy"] == plain["accuracy"]


@pytest.mark.parametrize(
    ("arguments", "complaint", "code"),
    [
        (("evaluate", "A", "B"), "2 models are named: average their probabilities with --tog", 2),
        (("evaluate", "A", "B", "--together"), "trained on mnist and mnist-sample; choose a", 2),
        (("evaluate", "A", "no.pkl", "--together"), "cannot read no.pkl", 1),
        (("evaluate", "A", "text.pkl", "--together"), "text.pkl is not a usable model file", 1),
        (("evaluate", "A", "--together", "--report", "r.html"), "--report is of one model as", 2),
        (("evaluate", "--views", "2", "--report", "r.html"), "--report is of one model as it", 2),
        (("evaluate", "B", "--views", "2"), "was trained without data.augmentation", 2),
        (("evaluate", "--views", "0"), "greater than or equal to 1", 2),
        (("evaluate", "--views", "1000000000"), "less than or equal to 1000", 2),
        (("predict", "A"), "no picture is named: mnist-nn predict A photo.png", 2),
        (("predict", "A", "B", "7.png"), "2 models are named: average their probabilities", 2),
        (("predict", "7.png", "A"), "A is a model; name models before the pictures", 2),
        (
            ("evaluate", "7.png"),
            "7.png is not a usable model file: it is not a pickle; mnist-nn",
            1,
        ),
        (("predict", "modle.pkl", "7.png"), "cannot read modle.pkl: No such file", 1),
    ],
)
def test_what_cannot_be_asked_for_is_explained(
    arguments: tuple[str, ...],
    complaint: str,
    code: int,
    run: Run,
    models: list[str],
    seven: str,
) -> None:
    for short, name in zip("AB", models, strict=True):
        Path(name).rename(short)
    Path("text.pkl").write_text("no model")
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert complaint in result.stderr
    assert len(result.stderr.splitlines()) <= 2
    assert not Path("r.html").exists()


def test_a_committee_below_the_bar_fails(run: Run, models: list[str]) -> None:
    result = run("evaluate", *models, *ON_SAMPLE, "--together", "--min-accuracy", 1)
    assert result.exit_code == 1
    assert "is below --min-accuracy 1" in result.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_an_interruption_of_many_views_is_one_line(run: Run) -> None:
    script = (
        "import signal, mnist_nn.augmentation.worker as worker\n"
        "distort, left = worker.Augmenter.__call__, [3]\n"
        "def interrupted(self, images):\n"
        "    left[0] -= 1\n"
        f"    left[0] or signal.raise_signal({int(signal.SIGINT)})\n"
        "    return distort(self, images)\n"
        "worker.Augmenter.__call__ = interrupted\n"
        "from mnist_nn.cli import main\n"
        "main()\n"
    )
    command = [sys.executable, "-c", script, "evaluate", "--views", "1000"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (130, "")
    assert result.stderr.strip() == "interrupted"
