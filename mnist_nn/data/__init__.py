"""Datasets. Downloading, which needs the network, is in `mnist_nn.data.download`."""

from .datasets import Dataset, load_dataset, load_mnist
from .format import Preparation, SampleFormat
from .location import data_folder, required_data_folder
from .mapped import MappedRows
from .record import DatasetInfo, Samples
from .split import stratified_split
from .store import NAME_RULE, imported_names, is_name, read_dataset, read_info, write_dataset
from .table import DATASETS, dataset_info, datasets_that

__all__ = [
    "DATASETS",
    "NAME_RULE",
    "Dataset",
    "DatasetInfo",
    "MappedRows",
    "Preparation",
    "SampleFormat",
    "Samples",
    "data_folder",
    "dataset_info",
    "datasets_that",
    "imported_names",
    "is_name",
    "load_dataset",
    "load_mnist",
    "read_dataset",
    "read_info",
    "required_data_folder",
    "stratified_split",
    "write_dataset",
]
