"""Export: a trained network in other programs' formats."""

from .formats import FORMATS, Format, export_model, find_format
from .onnx import INPUT_TYPES

__all__ = ["FORMATS", "INPUT_TYPES", "Format", "export_model", "find_format"]
