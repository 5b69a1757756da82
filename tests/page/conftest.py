"""A browser, and a page in it that keeps an account of what it says and asks for."""

import base64
import io
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread
from numpy.typing import NDArray

from mnist_nn.cli import main
from mnist_nn.data import Samples, load_dataset

CONFIGS = Path(__file__).parents[2] / "configs"
NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 300_000  # milliseconds, after which something hangs that should not
PAINTED = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


class DrawingPage:
    """The page, as one uses it."""

    def __init__(self, browser: Any, file: Path, **options: Any) -> None:
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}} | options)
        self.context.set_offline(True)
        self.context.set_default_timeout(PATIENCE)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(file.as_uri())

    def reset(self) -> None:
        """Make it as it was when it was opened."""
        self.page.evaluate(
            """() => {
                 document.activeElement.blur();
                 element("width").value = element("width").defaultValue;
                 [paper.strokes, paper.past] = [[], []];
                 update();
               }"""
        )

    def assert_quiet(self) -> None:
        """It complained of nothing and asked for nothing but its own file."""
        assert self.complaints == []
        assert [url.split(":")[0] for url in self.requests if url[:5] != "data:"] == ["file"]

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Where on the screen a point of the paper is, which is given as shares of its sides."""
        box = self.page.locator("#paper").bounding_box()
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    def draw(self, *strokes: list[tuple[float, float]]) -> None:
        """Draw with the mouse."""
        mouse, box = self.page.mouse, self.page.locator("#paper").bounding_box()
        for stroke in strokes:
            places = [
                (box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke
            ]
            mouse.move(*places[0])
            mouse.down()
            for place in places[1:]:
                mouse.move(*place)
            mouse.up()
        self.paint()

    def put(self, *strokes: list[tuple[float, float]]) -> None:
        """Draw with the page's own pen, without the way through a mouse, which takes seconds."""
        self.page.evaluate(
            """strokes => {
                 paper.clear();
                 const scaled = ([x, y]) => [x * WIDE, y * HIGH];
                 for (const points of strokes.map((stroke) => stroke.map(scaled))) {
                   paper.begin(penWidth(), points[0]);
                   points.slice(1).forEach((point) => paper.extend(point));
                   paper.end();
                 }
                 update();
               }""",
            strokes,
        )

    def paint(self) -> None:
        """Wait until what was drawn has been read."""
        self.page.evaluate(PAINTED)

    def canvas(self, expression: str) -> NDArray[np.float64]:
        """Read a canvas back: red, green, blue and opacity of 0 to 255."""
        url = self.page.evaluate(f"{expression}.toDataURL()")
        image = imread(io.BytesIO(base64.b64decode(url.partition(",")[2])))
        return np.rint(image.astype(np.float64) * 255)

    def picture(self) -> NDArray[np.float64]:
        """Read the network's copy of the paper: brightness of 0 to 255."""
        return self.canvas("paper.input.canvas")[..., 0]

    def drawing(self) -> NDArray[np.float64]:
        """Read the paper that people see: brightness of 0 to 255, four pixels per unit."""
        return self.canvas("paper.canvas")[..., 0]

    def screenshot(self) -> NDArray[np.float64]:
        """Look at the paper as people see it: grey of 0 to 1."""
        png = imread(io.BytesIO(self.page.locator("#paper").screenshot()))
        grey: NDArray[np.float64] = png[4:-4, 4:-4, :3].mean(axis=2)
        return grey

    def scores(self) -> NDArray[np.float64]:
        """What the bars show, before it is rounded."""
        return np.array(self.page.evaluate("current.answer.scores"))

    @property
    def best(self) -> str:
        text: str = self.page.locator("#best").inner_text()
        return text


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, if there is one."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("there is no Chromium: apt-get install chromium")
    root = hasattr(os, "geteuid") and os.geteuid() == 0  # whom Chromium has no sandbox for
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=["--disable-gpu", *(["--no-sandbox"] if root else [])],
            timeout=PATIENCE,
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., DrawingPage]]:
    """Open a file in a browser without a network; what it complains of or asks for is an error."""
    pages: list[DrawingPage] = []

    def show(file: Path, **options: Any) -> DrawingPage:
        pages.append(DrawingPage(browser, file, **options))
        return pages[-1]

    yield show
    for page in pages:
        page.context.close()
        page.assert_quiet()


@pytest.fixture(scope="session")
def shared_page(browser: Any, file: Path) -> Iterator[DrawingPage]:
    """The model's page, opened once."""
    page = DrawingPage(browser, file)
    yield page
    page.context.close()


@pytest.fixture
def page(shared_page: DrawingPage) -> Iterator[DrawingPage]:
    """The model's page, as if just opened."""
    shared_page.reset()
    yield shared_page
    shared_page.assert_quiet()


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that reads digits, trained on the sample."""
    path = tmp_path_factory.mktemp("model") / "model.pkl"
    files = ("--config", CONFIGS / "base.yaml", "--config", CONFIGS / "sample.yaml")
    with pytest.raises(SystemExit, match="0"):
        main(["train", *map(str, files), "-o", str(path), "--quiet"])
    return path


@pytest.fixture(scope="session")
def file(model: Path) -> Path:
    """Its page, as the command writes it."""
    path = model.with_name("draw.html")
    with pytest.raises(SystemExit, match="0"):
        main(["draw", str(model), "-o", str(path)])
    return path


@pytest.fixture(scope="session")
def samples() -> Samples:
    """Test digits of the sample, those of each class together."""
    test = load_dataset("mnist-sample").test
    assert test is not None
    return test.take(np.argsort(test.y, kind="stable"))
