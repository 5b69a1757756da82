"""The page to draw on, which a network reads in the browser."""

from .page import draw_page

__all__ = ["draw_page"]
