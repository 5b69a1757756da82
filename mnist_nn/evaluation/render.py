"""An image is what becomes of a chart: an SVG that says what it shows, a PNG, a frame of a GIF.

Neither has a date in it, or anything else that is not the same the next time.
"""

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO
from xml.etree import ElementTree

import numpy as np
from matplotlib import rc_context
from numpy.typing import NDArray
from PIL import Image

from .charts import Chart
from .palette import NAMES, PAPER, style

DPI = 200  # of a PNG
FRAME_DPI = 100
FRAME_SECONDS, LAST_SECONDS = 0.15, 2.5
SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
HREF = f"{{{XLINK}}}href"
FONT = re.compile(r"'DejaVu Sans'[^;]*")


def svg(chart: Chart, *, themed: bool = False) -> str:
    """Write a chart as an element ``svg`` with a title and a description.

    A themed one is for a page, whose style sheet has variables for the colours, and which may have
    other such images. Otherwise it has its title above it, and its paper is white.
    """
    file = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with style(), rc_context({"svg.hashsalt": chart.name}), _titled(chart, wanted=not themed):
        paper = "none" if themed else PAPER
        chart.figure.savefig(file, format="svg", facecolor=paper, metadata=nothing)
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", XLINK)
    root = ElementTree.fromstring(file.getvalue())
    for size in ("width", "height"):
        if themed:
            del root.attrib[size]
    _name_apart(root, chart.name)
    for element in root.iter():
        if "style" in element.attrib:
            element.set("style", _restyled(element.attrib["style"], themed))
    _describe(root, chart)
    return ElementTree.tostring(root, encoding="unicode")


@contextmanager
def _titled(chart: Chart, *, wanted: bool = True) -> Iterator[None]:
    """Have the title above a chart within the context; in a page, it has a heading."""
    if not wanted:
        yield
        return
    title = chart.figure.suptitle(chart.title, x=0.02, ha="left", fontsize=11)
    yield
    title.remove()
    chart.figure._suptitle = None  # type: ignore[attr-defined]  # else the layout leaves it room


def _name_apart(root: ElementTree.Element, name: str) -> None:
    """Drop ids that nothing refers to, and make the others different from those of other charts."""
    text = ElementTree.tostring(root, encoding="unicode")
    used = set(re.findall(r"url\(#([^)]+)\)", text)) | set(re.findall(r'href="#([^"]+)"', text))
    for element in root.iter():
        if "id" in element.attrib:
            own = element.attrib.pop("id")
            if own in used:
                element.set("id", f"{name}-{own}")
        if element.get(HREF, "").startswith("#"):
            element.set(HREF, f"#{name}-{element.attrib[HREF][1:]}")
        if "clip-path" in element.attrib:
            path = element.attrib["clip-path"].replace("url(#", f"url(#{name}-")
            element.set("clip-path", path)


def _restyled(declarations: str, themed: bool) -> str:
    """Take the reader's own font and, in a page, the page's colours."""
    declarations = FONT.sub("system-ui, sans-serif", declarations)
    if themed:
        for colour, name in NAMES.items():
            declarations = declarations.replace(colour, f"var(--{name})")
    return declarations


def _describe(root: ElementTree.Element, chart: Chart) -> None:
    """Put the chart's words into it, where screen readers look for them."""
    root.set("role", "img")
    ids = []
    for place, (tag, text) in enumerate((("title", chart.title), ("desc", chart.description))):
        element = ElementTree.Element(f"{{{SVG}}}{tag}", id=f"{chart.name}-{tag}")
        element.text = "".join(c if c.isprintable() else "?" for c in text)
        root.insert(place, element)
        ids.append(element.attrib["id"])
    root.set("aria-labelledby", ids[0])
    root.set("aria-describedby", ids[1])


def png(chart: Chart) -> bytes:
    """Write a chart as a PNG on white paper, its description among the PNG's texts."""
    file = io.BytesIO()
    texts = {"Software": None, "Title": chart.title, "Description": chart.description}
    with style(), _titled(chart):
        chart.figure.savefig(file, format="png", dpi=DPI, facecolor=PAPER, metadata=texts)
    return file.getvalue()


def image_png(image: NDArray[np.uint8]) -> bytes:
    """Write an image of shape (height, width), light on dark, as a PNG, dark on light."""
    file = io.BytesIO()
    Image.fromarray(255 - image).save(file, format="PNG", optimize=True)
    return file.getvalue()


def frame(chart: Chart) -> Image.Image:
    """Make an image of a chart, of the 256 colours that a GIF can have."""
    file = io.BytesIO()
    with style(), _titled(chart):
        chart.figure.savefig(file, format="png", dpi=FRAME_DPI, facecolor=PAPER)
    return Image.open(file).convert("RGB").quantize(256, dither=Image.Dither.NONE)


def write_gif(file: IO[bytes], frames: Sequence[Image.Image]) -> None:
    """Write frames, at least one, as a GIF that starts anew when it is over, after a rest."""
    milliseconds = [round(1000 * FRAME_SECONDS)] * (len(frames) - 1) + [round(1000 * LAST_SECONDS)]
    frames[0].save(
        file,
        format="GIF",
        save_all=True,
        append_images=frames[1:],
        duration=milliseconds,
        loop=0,
    )
