import warnings

import pytest

from mnist_nn.cli.guard import handle_errors
from mnist_nn.errors import MnistNNWarning


def test_the_packages_warnings_are_printed_once_each(
    capsys: pytest.CaptureFixture[str],
) -> None:
    @handle_errors
    def command() -> None:
        for _ in range(2):
            warnings.warn("the disk is full", MnistNNWarning, stacklevel=2)

    command()
    assert capsys.readouterr().err == "warning: the disk is full\n"
