"""Write docs/draw.png and docs/report.png, screenshots of the page to draw on and of the report.

    python scripts/screenshots.py model.pkl

Needs Chromium and the extra ``dev``.
"""

import argparse
import math
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[1] / "docs"
MAX_BYTES = 300_000
SCALES = (2, 1.5, 1)  # device pixels per pixel: the largest with a small enough file is used
WIDTH = 1280
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def arc(x: float, y: float, radius: float, start: float, end: float) -> list[tuple[float, float]]:
    """Return points of an arc; angles are fractions of a turn: 0 is right and ¼ below."""
    turns = [start + (end - start) * i / 12 for i in range(13)]
    return [
        (x + radius * math.cos(2 * math.pi * t), y + radius * math.sin(2 * math.pi * t))
        for t in turns
    ]


FIVE = [
    [(0.44, 0.22), (0.42, 0.32), (0.4, 0.45), *arc(0.48, 0.6, 0.17, -0.34, 0.4)],
    [(0.44, 0.22), (0.55, 0.215), (0.66, 0.2)],
]


def mnist_nn(folder: Path, *arguments: object) -> None:
    """Run mnist-nn in a folder, so that the pages show a model without a path."""
    command = [sys.executable, "-m", "mnist_nn", *map(str, arguments)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder)


def take(browser: Any, file: Path, target: Path, height: int, strokes: list[Any]) -> None:
    """Open a page, draw on it and save a screenshot."""
    for scale in SCALES:
        size = {"width": WIDTH, "height": height}
        page = browser.new_page(viewport=size, device_scale_factor=scale, color_scheme="light")
        page.goto(file.as_uri())
        for stroke in strokes:
            box = page.locator("canvas").first.bounding_box()
            places = [
                (box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke
            ]
            page.mouse.move(*places[0])
            page.mouse.down()
            for place in places[1:]:
                page.mouse.move(*place)
            page.mouse.up()
        page.mouse.move(0, 0)
        page.wait_for_timeout(500)  # until the bars are still
        page.screenshot(path=target)
        page.close()
        if target.stat().st_size <= MAX_BYTES:
            print(f"{target} ({target.stat().st_size:,} bytes)")
            return
    sys.exit(f"{target} is larger than {MAX_BYTES:,} bytes")


def main() -> None:
    """Write both screenshots."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", type=Path, metavar="MODEL", help="model file")
    model = parser.parse_args().model
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        sys.exit("Chromium is not installed: apt-get install chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        sys.exit("playwright is not installed: pip install -e '.[dev]'")
    root = hasattr(os, "geteuid") and os.geteuid() == 0  # Chromium has no sandbox for root
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if root else []
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        page, report = Path(folder) / "draw.html", Path(folder) / "report.html"
        mnist_nn(model.parent, "draw", model.name, "-o", page)
        take(browser, page, DOCS / "draw.png", 770, FIVE)
        mnist_nn(model.parent, "evaluate", model.name, "--report", report)
        take(browser, report, DOCS / "report.png", 1000, [])
        browser.close()


if __name__ == "__main__":
    main()
