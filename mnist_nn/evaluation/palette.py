"""A palette: few colours, told apart with any kind of colour blindness, on light and on dark.

After Okabe and Ito, "Color universal design" (2008). What is drawn has the light palette; a page
that may be dark replaces each colour by the style sheet's variable of the same name.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError

INK = "#22252a"
MUTED = "#686e78"
LINE = "#dfdbd4"
PAPER = "#ffffff"
BLUE = "#0072b2"
ORANGE = "#d55e00"
GREEN = "#009e73"
NAMES = {INK: "ink", MUTED: "muted", LINE: "line", PAPER: "paper"} | {
    BLUE: "blue",
    ORANGE: "orange",
    GREEN: "green",
}
MODELS = (BLUE, ORANGE, GREEN, "#a3628a", "#4aa5dc", "#b08a00", INK)  # one for each of several
BELOW, ABOVE = (47, 134, 198), (224, 105, 30)  # blue and orange that show on white and on black

STYLE: dict[Any, Any] = {
    "font.size": 9,
    "text.color": INK,
    "text.parse_math": False,  # a name with a $ in it is a name
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.7,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "legend.borderaxespad": 0.2,
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "round",
    "svg.fonttype": "none",
}


def require_matplotlib() -> None:
    """Refuse to draw where that is not possible.

    Raises
    ------
    ConfigError
        If matplotlib is not installed.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ConfigError("drawing needs matplotlib\npip install 'mnist-nn[plots]'") from error


@contextmanager
def style() -> Iterator[None]:
    """Draw in this house's style within the context, whatever the user's own is."""
    import warnings

    import matplotlib

    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # of a file's name; it shows a box
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        yield


def diverging(values: NDArray[np.floating], scale: float) -> NDArray[np.uint8]:
    """Colour numbers: blue below zero, orange above, the more opaque the farther from it.

    Parameters
    ----------
    values
        Of any shape.
    scale
        What is opaque, above 0.

    Returns
    -------
    ndarray of shape (*values.shape, 4)
        Red, green, blue and opacity, 0 to 255.
    """
    colours = np.where(values[..., None] < 0, BELOW, ABOVE)
    opacity = np.rint(np.abs(values) / scale * 255).clip(0, 255)
    return np.concatenate([colours, opacity[..., None]], axis=-1).astype(np.uint8)
