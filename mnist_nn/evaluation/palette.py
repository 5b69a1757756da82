"""Colours and style of charts, distinguishable with any colour blindness, on light and on dark.

After Okabe and Ito, "Color universal design" (2008). Charts are drawn in the light palette; a page
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
NAMES = {INK: "ink", MUTED: "muted", LINE: "line", PAPER: "paper"}  # variables of report.css
NAMES |= {BLUE: "blue", ORANGE: "orange", GREEN: "green"}
MODELS = (BLUE, ORANGE, GREEN, "#a3628a", "#4aa5dc", "#b08a00", INK)  # one for each of several
BELOW, ABOVE = (47, 134, 198), (224, 105, 30)  # blue and orange, visible on white and on black

FONT = "DejaVu Sans"  # comes with matplotlib
OTHERS = (  # of Chinese, Japanese and Korean, which it lacks; those that are installed are used
    "Noto Sans CJK JP",
    "IPAGothic",
    "IPAexGothic",
    "VL Gothic",
    "WenQuanYi Zen Hei",
    "Hiragino Sans",
    "Yu Gothic",
    "MS Gothic",
    "Microsoft YaHei",
    "Malgun Gothic",
)

STYLE: dict[Any, Any] = {
    "font.size": 9,
    "text.color": INK,
    "text.parse_math": False,  # the name of a file may have a $
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "legend.borderaxespad": 0.2,
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "round",
    "svg.fonttype": "none",
}
STYLE |= dict.fromkeys(("axes.edgecolor", "axes.labelcolor"), MUTED)
STYLE |= dict.fromkeys(
    ("xtick.color", "ytick.color", "xtick.labelcolor", "ytick.labelcolor"), MUTED
)


def require_matplotlib() -> None:
    """Load matplotlib; ConfigError if it is not installed or cannot be loaded.

    The user's backend is ignored: charts need no window, and it may not be installed here.
    """
    backend = os.environ.pop("MPLBACKEND", None)
    try:
        with _quiet():
            import matplotlib.figure  # noqa: F401
    except ModuleNotFoundError as error:
        raise ConfigError(f"drawing needs matplotlib\n{install_command('plots')}") from error
    except Exception as error:  # a damaged installation or matplotlibrc
        raise ConfigError(
            f"drawing needs matplotlib, which cannot be loaded: {error}\n"
            "check its installation and your matplotlibrc"
        ) from error
    finally:
        if backend is not None:
            os.environ["MPLBACKEND"] = backend


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide matplotlib's warnings about its settings and caches within the context."""
    logger = logging.getLogger("matplotlib")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


@contextmanager
def style() -> Iterator[None]:
    """Use the style of this program's charts within the context, instead of the user's."""
    import matplotlib
    from matplotlib.font_manager import fontManager

    installed = {font.name for font in fontManager.ttflist}
    with _quiet(), matplotlib.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # missing in the font; it shows a box
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        matplotlib.rcParams["font.family"] = [FONT, *filter(installed.__contains__, OTHERS)]
        yield


def diverging(values: NDArray[np.floating], scale: float) -> NDArray[np.uint8]:
    """Return RGBA colours of numbers: blue below zero, orange above, opaque from ±`scale` on."""
    colours = np.where(values[..., None] < 0, BELOW, ABOVE)
    opacity = np.rint(np.abs(values) / scale * 255).clip(0, 255)
    return np.concatenate([colours, opacity[..., None]], axis=-1).astype(np.uint8)
