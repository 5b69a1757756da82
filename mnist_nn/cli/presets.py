"""``mnist-nn presets``: list the configs that ship with mnist-nn."""

import re
from pathlib import Path

import typer

from ..config import find_config, load_config, preset_names
from ..data import dataset_info
from .guard import Debug
from .tables import table

# A config's header holds what was measured, which a test compares with the runs on record.
FACTS = re.compile(
    r"^# ([\d.]+%) of [^(]*test images \((± [\d.]+%), .*?\), in (?:at most )?([^,.]+)", re.M
)


def presets(debug: Debug = False) -> None:
    """List the configs that ship with mnist-nn, with their accuracies.

    Train one by its name: mnist-nn train fast. Accuracies are means over several seeds on
    the test images, with the standard deviation between seeds.
    """
    rows = [(name, *_describe(find_config(name))) for name in preset_names()]
    typer.echo(table(("preset", "network", "accuracy", "time"), rows))


def _describe(path: Path) -> tuple[str, str, str]:
    """Return the network, accuracy and training time of a config."""
    settings = load_config([path])
    layers = settings.network.layers
    sizes = [
        dataset_info(settings.data.dataset).format.n_inputs,
        *(layer.units for layer in layers),
    ]
    network = f"{'-'.join(map(str, sizes))} {layers[0].activation}"
    measured = FACTS.search(path.read_text("utf-8"))
    accuracy, deviation, time = measured.groups() if measured else ("", "", "")
    return network, f"{accuracy} {deviation}".strip(), time
