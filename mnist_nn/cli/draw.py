"""``mnist-nn draw``: write a page to draw on, with the model in it."""

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from ..errors import escaped
from ..files import atomic_write
from ..model import load_model
from ..outputs import check_output
from ..page import draw_page
from .guard import eprint, print_path
from .models import SHIPPED
from .options import Debug, ModelFile, Output


def draw(
    model: ModelFile = None,
    output: Output = Path("draw.html"),
    open_: Annotated[
        bool, typer.Option("--open", help="Open the page in the default browser.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Write a web page to draw on, with the model in it.

    The model reads the digit, or another image of at most 64×64 pixels, while you draw. The page is
    one HTML file that needs no server and no network; it works offline and on mobile. Its path is
    printed. Right after the installation, without a model of your own:

    [bold]mnist-nn draw --open[/bold]
    """
    trained = load_model(model)
    name, samples = trained.config.data.dataset, trained.format
    check_output(output, inputs=[model] if model else [])
    source = f"{escaped(model.name) if model else SHIPPED}, trained on {name}"
    temperature = trained.calibration.temperature if trained.calibration else 1.0
    page = draw_page(trained.network, samples, source, temperature=temperature)
    with atomic_write(output) as file:
        file.write(page)
    print_path(output)
    if open_ and not webbrowser.open(output.resolve().as_uri()):
        eprint(f"note: there is no browser to open {output} with")
