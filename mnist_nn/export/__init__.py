"""Export: a trained network in other programs' formats."""

from .formats import FORMATS, Format, export_model, find_format

__all__ = ["FORMATS", "Format", "export_model", "find_format"]
