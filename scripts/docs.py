"""Build the documentation site in build/site, and check that it is whole.

    python scripts/docs.py

The pages are README.md, those of docs/, and three more that are written here: the public names,
the commands with their options, and the project's own documents. Zensical builds them strictly:
a link between pages that leads nowhere is an error. Then every page is read again: what it loads
must lie in the site, and each public name must be on the page of the API.
"""

import inspect
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from typer.main import get_command

import mnist_nn
from mnist_nn.cli.app import COMMANDS, app, load_command

ROOT = Path(__file__).parents[1]
PAGES, SITE = ROOT / "build" / "docs", ROOT / "build" / "site"
DOCUMENTS: dict[str, str | None] = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changelog.md",
    "docs/package.md": None,  # the README of the package index
}
MAIN = "Training and models"
TOPICS = {
    "Layers": "mnist_nn.nn.layers.",
    "Networks": "mnist_nn.nn.",
    "Optimizers": "mnist_nn.training.optimizers.",
    "Schedules": "mnist_nn.training.schedules.",
    "Data": "mnist_nn.data.",
    "Errors": "mnist_nn.errors.",
}
CLASSIFIER = "mnist_nn.sklearn.classifier.MLPClassifier"  # whose library need not be there
PIPE = "\\|"
REMOTE_SHIM = "https://unpkg.com/iframe-worker/shim"
SHIM = "assets/javascripts/docs_worker.js"


def page_of(path: Path) -> str | None:
    """Name the page of the site that has a file of the repository; None for no page."""
    name = path.relative_to(ROOT).as_posix()
    in_docs = path.parent == ROOT / "docs" and path.is_file()
    return DOCUMENTS.get(name, path.name if in_docs else None)


def with_links_of_site(text: str, folder: Path) -> str:
    """Point the links of a document at pages; those that lead into the code become plain text."""

    def replaced(link: re.Match[str]) -> str:
        image, label, target, anchor = link.groups()
        if "://" in target or not target:
            return link[0]
        page = page_of((folder / target).resolve())
        return f"{image}[{label}]({page}{anchor or ''})" if page else label

    return re.sub(r"(!?)\[([^\]]*)\]\(([^)#\s]*)(#[^)\s]*)?\)", replaced, text)


def commands() -> str:
    """Write the page of the commands: usage, explanation and options of each."""
    group: Any = get_command(app)
    context = group.context_class(group, info_name="mnist-nn")
    parts = ["# Commands", as_markdown(group.help)]
    for name in COMMANDS:
        command = load_command(name)
        own = command.context_class(command, info_name=name, parent=context)
        usage = " ".join(["mnist-nn", name, *command.collect_usage_pieces(own)])
        parts += [f"## {name}", f"```text\n{usage}\n```", as_markdown(command.help)]
        rows = [option(param, own) for param in command.params]
        parts.append(
            "\n".join(["| option | what it does | default, range |\n| --- | --- | --- |", *rows])
        )
    return "\n\n".join(parts)


def option(param: Any, context: Any) -> str:
    """Describe an option, or an argument, in a row of the table of its command."""
    names, meaning = param.get_help_record(context)
    names = re.sub(r" <(path|list\[\w+\])>", "", names)
    text, _, more = meaning.partition("  [")
    cells = (f"`{names}`", as_markdown(text), more.removesuffix("]"))
    return f"| {' | '.join(cell.replace('|', PIPE) for cell in cells)} |"


def as_markdown(text: str) -> str:
    """Turn the help of a command or an option into Markdown."""
    parts = re.split(r"\[bold\](.*?)\[/bold\]", text)
    parts[::2] = [
        re.sub(r"(?<!\w)(--?[a-z][\w-]*|\$[A-Z_]+)", r"`\1`", part) for part in parts[::2]
    ]
    parts[1::2] = [f"`{part}`" for part in parts[1::2]]
    return "".join(parts)


def address(name: str) -> str:
    """Say where a public name is defined."""
    value = getattr(mnist_nn, name)
    return f"{value.__module__}.{value.__qualname__}"


def topic(name: str) -> str:
    """Say under which heading of the API page a public name belongs."""
    home = address(name)
    return next((title for title, package in TOPICS.items() if home.startswith(package)), MAIN)


def api() -> str:
    """Write the page of exactly the public names, by what they are for."""
    parts = [
        "# API",
        "What `mnist_nn` offers to programs; see [From Python](python.md) for a tour.",
    ]
    for title in (MAIN, *TOPICS):
        names = [name for name in mnist_nn.__all__ if topic(name) == title]
        names.sort(key=lambda name: (inspect.isclass(getattr(mnist_nn, name)), name.lower()))
        parts += [f"## {title}", *(f"::: {address(name)}" for name in names)]
    parts += ["## scikit-learn", f"::: {CLASSIFIER}"]
    return "\n\n".join(parts)


def lay_out() -> None:
    """Write the sources of all pages into build/docs."""
    shutil.rmtree(PAGES, ignore_errors=True)
    PAGES.mkdir(parents=True)
    for path in [*(ROOT / "docs").glob("*.md"), *(ROOT / name for name in DOCUMENTS)]:
        if page := page_of(path):
            text = with_links_of_site(path.read_text("utf-8"), path.parent)
            (PAGES / page).write_text(text, "utf-8")
    for path in [*(ROOT / "docs").iterdir(), ROOT / "scripts" / "docs.css"]:
        if path.suffix != ".md":
            shutil.copy(path, PAGES)
    (PAGES / "commands.md").write_text(commands(), "utf-8")
    (PAGES / "api.md").write_text(api(), "utf-8")


def keep_at_home() -> None:
    """Replace the one script that Zensical's pages load from elsewhere by our own."""
    (SITE / "404.html").unlink()  # which needs a server
    shutil.copy(ROOT / "scripts" / "docs_worker.js", SITE / SHIM)
    for path in SITE.glob("*.html"):
        path.write_text(path.read_text("utf-8").replace(REMOTE_SHIM, SHIM), "utf-8")


class Links(HTMLParser):
    """What a page loads, where its links lead, and its anchors."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of a tag's addresses and its anchor."""
        given = {name: value for name, value in attrs if value}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a":
            self.links += [given["href"]] if "href" in given else []
        else:
            self.loads += [given[name] for name in ("src", "href", "data") if name in given]


def faults() -> Iterator[str]:
    """Find what is loaded from elsewhere, links that lead nowhere, and missing public names."""
    pages = {path: Links(path.read_text("utf-8")) for path in SITE.glob("*.html")}
    for path, page in pages.items():
        yield from (f"{path.name} loads {each}" for each in page.loads if "//" in each)
        for link in [*page.links, *page.loads]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)) if parts.path else path
            anchor = unquote(parts.fragment)
            if not target.exists():
                yield f"{path.name} links to {link}, which does not exist"
            elif anchor and target in pages and anchor not in pages[target].anchors:
                yield f"{path.name} links to {link}, which has no such anchor"
    for name in mnist_nn.__all__:
        if address(name) not in pages[SITE / "api.html"].anchors:
            yield f"api.html lacks {name}"


def main() -> None:
    """Build the site, and end with an error if it is not whole."""
    lay_out()
    zensical = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    built = subprocess.run(zensical, cwd=ROOT, capture_output=True, text=True)
    if built.returncode:
        sys.exit(built.stdout + built.stderr)
    keep_at_home()
    if found := list(faults()):
        sys.exit("\n".join(found))
    print(f"the site is in {SITE.relative_to(ROOT)}: open index.html")


if __name__ == "__main__":
    main()
