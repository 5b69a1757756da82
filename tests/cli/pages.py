"""Reading what was drawn: pages and images as their readers' programs see them."""

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

VOID = {"meta", "link", "img", "br"}


class Page(HTMLParser):
    """A page's tags and texts; every tag must be closed, in order.

    Attributes
    ----------
    tags
        Each with its attributes.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        """All of it, with single spaces."""
        return " ".join(" ".join(self.texts).split())

    def attributes(self, tag: str, name: str) -> list[str]:
        """One attribute of every tag of a kind."""
        return [found[name] or "" for kind, found in self.tags if kind == tag and name in found]

    @property
    def ids(self) -> list[str]:
        """Every id."""
        return [found["id"] or "" for _, found in self.tags if "id" in found]


def images(page: str) -> list[ElementTree.Element]:
    """Parse the SVGs of a page, as XML."""
    return [ElementTree.fromstring(text) for text in re.findall(r"<svg.*?</svg>", page, re.DOTALL)]


def said(image: ElementTree.Element) -> str:
    """What an SVG says it shows: its title and its description."""
    names = {"title", "desc"}
    return " ".join(e.text or "" for e in image if e.tag.partition("}")[2] in names)


def addresses(text: str) -> set[str]:
    """Addresses in a text, but for the names of XML's vocabularies, which nobody fetches."""
    return set(re.findall(r"""\w+://[^\s"'<>)]+""", text)) - {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
