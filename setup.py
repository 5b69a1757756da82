"""Build the package with the presets in it; all else is in pyproject.toml."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithPresets(build_py):
    """Copies configs/ to mnist_nn/configs, where an installed package looks for presets."""

    def run(self) -> None:
        """Build the package, then add the presets; an editable one finds them in the clone."""
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib, "mnist_nn", "configs")
            shutil.copytree("configs", target, dirs_exist_ok=True)


setup(cmdclass={"build_py": BuildWithPresets})
