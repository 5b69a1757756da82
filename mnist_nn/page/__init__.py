"""Drawing: a page in which one draws a digit and watches a network read it."""

from .page import draw_page

__all__ = ["draw_page"]
