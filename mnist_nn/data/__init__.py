"""Where digits come from. Downloading lives in `mnist_nn.data.download`, which needs the network."""

from .datasets import (
    DATASETS,
    Dataset,
    DatasetInfo,
    Samples,
    data_folder,
    dataset_info,
    load_dataset,
    load_mnist,
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
    "stratified_split",
]
