"""A palette: few colours, told apart with any kind of colour blindness, on light and on dark.

After Okabe and Ito, "Color universal design" (2008). What is drawn has the light palette; a page
that may be dark replaces each colour by the style sheet's variable of the same name.
"""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from ..extras import install_command

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
    """Load matplotlib, or refuse to draw.

    The user's backend is not looked at: charts need no window, and a notebook's backend may be set
    where it is not installed.

    Raises
    ------
    ConfigError
        If matplotlib is not installed or cannot be loaded.
    """
    backend = os.environ.pop("MPLBACKEND", None)
    try:
        with _quiet():
            import matplotlib.figure  # noqa: F401
    except ModuleNotFoundError as error:
        raise ConfigError(f"drawing needs matplotlib\n{install_command('plots')}") from error
    except Exception as error:  # a damaged installation, or a matplotlibrc that is no text
        raise ConfigError(
            f"drawing needs matplotlib, which cannot be loaded: {error}\n"
            "check its installation and your matplotlibrc"
        ) from error
    finally:
        if backend is not None:
            os.environ["MPLBACKEND"] = backend


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide what matplotlib has to say about its settings and caches within the context."""
    logger = logging.getLogger("matplotlib")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


@contextmanager
def style() -> Iterator[None]:
    """Draw in this house's style within the context, whatever the user's own is."""
    import matplotlib

    with _quiet(), matplotlib.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # of a file's name; it shows a box
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        yield


def diverging(values: NDArray[np.floating], scale: float) -> NDArray[np.uint8]:
    """Colour numbers: blue below zero, orange above, opaque from ±`scale` on.

    Of shape (*values.shape, 4): red, green, blue and opacity, 0 to 255.
    """
    colours = np.where(values[..., None] < 0, BELOW, ABOVE)
    opacity = np.rint(np.abs(values) / scale * 255).clip(0, 255)
    return np.concatenate([colours, opacity[..., None]], axis=-1).astype(np.uint8)
