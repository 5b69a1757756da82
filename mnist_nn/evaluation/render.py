"""Rendering of charts: SVG with a description, PNG, and frames of a GIF.

The same chart always gives the same bytes: no dates, no random ids.
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

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"


def svg(chart: Chart, *, themed: bool = False) -> str:
    """Return a chart as an element ``svg`` with a title and a description.

    A themed one is for a page whose style sheet has variables for the colours, and which may hold
    several such images. Otherwise the title is drawn above it and the background is white.
    """
    file = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with style(), rc_context({"svg.hashsalt": chart.name}), _titled(chart, wanted=not themed):
        background = "none" if themed else PAPER
        chart.figure.savefig(file, format="svg", facecolor=background, metadata=nothing)
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", XLINK)
    root = ElementTree.fromstring(file.getvalue())
    if themed:
        del root.attrib["width"], root.attrib["height"]
    _make_ids_unique(root, chart.name)
    for element in root.iter():
        if "style" in element.attrib:
            element.set("style", _restyled(element.attrib["style"], themed))
    _describe(root, chart)
    return ElementTree.tostring(root, encoding="unicode")


@contextmanager
def _titled(chart: Chart, *, wanted: bool = True) -> Iterator[None]:
    """Draw the title above a chart within the context."""
    if not wanted:
        yield
        return
    title = chart.figure.suptitle(chart.title, x=0.02, ha="left", fontsize=11)
    yield
    title.remove()
    chart.figure._suptitle = None  # type: ignore[attr-defined]  # or the layout leaves room for it


def _make_ids_unique(root: ElementTree.Element, name: str) -> None:
    """Drop ids that nothing refers to, and prefix the others with the chart's name."""
    href = f"{{{XLINK}}}href"
    text = ElementTree.tostring(root, encoding="unicode")
    used = set(re.findall(r"url\(#([^)]+)\)", text)) | set(re.findall(r'href="#([^"]+)"', text))
    for element in root.iter():
        if "id" in element.attrib:
            own = element.attrib.pop("id")
            if own in used:
                element.set("id", f"{name}-{own}")
        if element.get(href, "").startswith("#"):
            element.set(href, f"#{name}-{element.attrib[href][1:]}")
        if "clip-path" in element.attrib:
            path = element.attrib["clip-path"].replace("url(#", f"url(#{name}-")
            element.set("clip-path", path)


def _restyled(declarations: str, themed: bool) -> str:
    """Use the reader's own font and, in a page, the page's colours."""
    declarations = re.sub(r"'DejaVu Sans'[^;]*", "system-ui, sans-serif", declarations)
    if themed:
        for colour, name in NAMES.items():
            declarations = declarations.replace(colour, f"var(--{name})")
    return declarations


def _describe(root: ElementTree.Element, chart: Chart) -> None:
    """Put title and description where screen readers look for them."""
    root.set("role", "img")
    for index, (tag, text) in enumerate((("title", chart.title), ("desc", chart.description))):
        element = ElementTree.Element(f"{{{SVG}}}{tag}", id=f"{chart.name}-{tag}")
        element.text = "".join(c if c.isprintable() else "?" for c in text)
        root.insert(index, element)
    root.set("aria-labelledby", f"{chart.name}-title")
    root.set("aria-describedby", f"{chart.name}-desc")


def png(chart: Chart) -> bytes:
    """Return a chart as a PNG on white, with title and description in its metadata."""
    texts = {"Software": None, "Title": chart.title, "Description": chart.description}
    return _png(chart, 200, texts)


def _png(chart: Chart, dpi: int, texts: dict[str, str | None] | None = None) -> bytes:
    file = io.BytesIO()
    with style(), _titled(chart):
        chart.figure.savefig(file, format="png", dpi=dpi, facecolor=PAPER, metadata=texts)
    return file.getvalue()


def image_png(image: NDArray[np.uint8]) -> bytes:
    """Return an image of shape (height, width), light on dark, as a PNG, dark on light."""
    file = io.BytesIO()
    Image.fromarray(255 - image).save(file, format="PNG", optimize=True)
    return file.getvalue()


def frame(chart: Chart) -> Image.Image:
    """Return a chart as an image of the 256 colours that a GIF can have."""
    image = Image.open(io.BytesIO(_png(chart, 100))).convert("RGB")
    return image.quantize(256, dither=Image.Dither.NONE)


def write_gif(file: IO[bytes], frames: Sequence[Image.Image]) -> None:
    """Write one frame or more as a GIF that repeats; the last frame is shown longer."""
    milliseconds = [150] * (len(frames) - 1) + [2500]
    frames[0].save(
        file,
        format="GIF",
        save_all=True,
        append_images=frames[1:],
        duration=milliseconds,
        loop=0,
    )
