"""Where digits come from. Downloading, which needs the network, is in `mnist_nn.data.download`."""

from .datasets import (
    DATASETS,
    Dataset,
    DatasetInfo,
    Samples,
    data_folder,
    dataset_info,
    load_dataset,
    load_mnist,
    required_data_folder,
)
from .split import stratified_split

__all__ = [
    "DATASETS",
    "Dataset",
    "DatasetInfo",
    "Samples",
    "data_folder",
    "dataset_info",
    "load_dataset",
    "load_mnist",
    "required_data_folder",
    "stratified_split",
]
