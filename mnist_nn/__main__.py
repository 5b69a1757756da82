"""``python -m mnist_nn`` is ``mnist-nn``."""

from .cli import main

main()
