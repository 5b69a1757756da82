"""``mnist-nn draw``: a page in which one draws, and the model reads what is drawn."""

from pathlib import Path
from typing import Annotated

import typer

from ..errors import escaped
from ..outputs import check_output
from .guard import eprint, print_path
from .options import Debug


def draw(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A file that train wrote.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where the page goes.")
    ] = Path("draw.html"),
    open_: Annotated[
        bool, typer.Option("--open", help="Open the page in the default browser.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Write a page in which you draw a digit and watch the model read it.

    It is one HTML file, with the model in it, that needs no server and no network: it works from a
    disk, on a phone, and wherever you put it. The path of the page is printed.
    """
    import webbrowser

    from ..data import dataset_info
    from ..files import atomic_write
    from ..model import check_fits, load_model
    from ..page import draw_page

    trained = load_model(model)
    name = trained.config.data.dataset
    info = dataset_info(name)
    check_fits(trained.config, name, info)
    check_output(output, inputs=[model])
    page = draw_page(trained.network, info.class_names, f"{escaped(model.name)}, trained on {name}")
    with atomic_write(output) as file:
        file.write(page)
    print_path(output)
    if open_ and not webbrowser.open(output.resolve().as_uri()):
        eprint(f"note: there is no browser to open {output} with")
