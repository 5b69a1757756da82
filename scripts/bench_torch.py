"""The same training as ``mnist-nn train --config configs/base.yaml``, as a bare PyTorch script.

    python scripts/bench_torch.py mnist.npz model.pt --epochs 10 --batch-size 32 --learning-rate 1.0

Imports NumPy and PyTorch only and uses PyTorch's default number of threads. --evaluate prints the
accuracy of the saved model on the test images instead.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch


def load(path: Path, part: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Load images, as floats from 0 to 1, and labels from an .npz file of mnist-nn."""
    with np.load(path) as arrays:
        x, y = arrays[f"x_{part}"], arrays[f"y_{part}"]
    return torch.from_numpy(x.reshape(len(x), -1)).float() / 255, torch.from_numpy(y).long()


def build() -> torch.nn.Sequential:
    """Build the network, initialized as in configs/base.yaml."""
    model = torch.nn.Sequential(
        torch.nn.Linear(784, 128),
        torch.nn.Sigmoid(),
        torch.nn.Linear(128, 64),
        torch.nn.Sigmoid(),
        torch.nn.Linear(64, 10),
    )
    for linear in model[::2]:
        torch.nn.init.xavier_uniform_(linear.weight)
        torch.nn.init.zeros_(linear.bias)
    return model


def train(
    model: torch.nn.Module, x: torch.Tensor, y: torch.Tensor, options: argparse.Namespace
) -> None:
    """Train by plain SGD."""
    loss = torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=options.learning_rate)
    for _ in range(options.epochs):
        order = torch.randperm(len(x))
        x_epoch, y_epoch = x[order], y[order]
        for start in range(0, len(x), options.batch_size):
            batch = slice(start, start + options.batch_size)
            optimizer.zero_grad()
            loss(model(x_epoch[batch]), y_epoch[batch]).backward()
            optimizer.step()


def main() -> None:
    """Train and save, or load and evaluate."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="dataset file of mnist-nn (.npz)")
    parser.add_argument("model", type=Path, help="file for the trained parameters")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--learning-rate", type=float, default=1.0)
    parser.add_argument("--evaluate", action="store_true", help="evaluate the model instead")
    options = parser.parse_args()
    torch.manual_seed(0)
    model = build()
    if not options.evaluate:
        train(model, *load(options.data, "train"), options)
        torch.save(model.state_dict(), options.model)
        return
    model.load_state_dict(torch.load(options.model))
    x, y = load(options.data, "test")
    with torch.no_grad():
        print(json.dumps({"accuracy": (model(x).argmax(1) == y).double().mean().item()}))


if __name__ == "__main__":
    main()
