"""Import of other people's files: they become datasets of this program."""

from .dataset import ImportedData, import_data
from .source import ImportOptions

__all__ = ["ImportOptions", "ImportedData", "import_data"]
