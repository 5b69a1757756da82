"""The steps of CI, for this Python: what `make`, .ci/run and the workflow call, on any system.

python -m pip install --editable '.[dev]'
python scripts/tasks.py check test
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SUITE = ("pytest", "--numprocesses", "auto", "--dist", "worksteal")
CORE = "mnist_nn/nn/*,mnist_nn/training/*,mnist_nn/model/*,mnist_nn/data/*"  # has its own floor
TASKS: dict[str, list[tuple[str, ...]]] = {
    "check": [
        ("ruff", "format", "--check", "."),
        ("ruff", "check", "."),
        ("mypy",),
        ("scripts/docs.py",),
    ],
    "docs": [("scripts/docs.py",)],
    "test": [SUITE],
    "test-portable": [("pytest", "tests/nn", "tests/training", "tests/evaluation", "mnist_nn/nn")],
    "coverage": [
        ("coverage", "erase"),
        ("coverage", "run", "-m", *SUITE),
        ("coverage", "combine", "--quiet"),
        ("coverage", "report"),
        ("coverage", "report", "--format=total", "--fail-under=98", f"--include={CORE}"),
    ],
    "dist": [("build", "--outdir", "dist"), ("scripts/check_dist.py", "dist")],
    "format": [
        ("scripts/reference.py",),
        ("ruff", "format", "."),
        ("ruff", "check", "--fix", "."),
    ],
}


def main() -> None:
    """Run the tasks that are named, and end with the first command that fails."""
    names = sys.argv[1:]
    if not names or not {*names} <= {*TASKS}:
        sys.exit(f"usage: python scripts/tasks.py {'|'.join(TASKS)} ...")
    # Several processes share the processors; coverage by monitoring costs next to no time.
    defaults = {"OPENBLAS_NUM_THREADS": "1"}
    if sys.version_info >= (3, 12):
        defaults["COVERAGE_CORE"] = "sysmon"
    for command in (command for name in names for command in TASKS[name]):
        print("$", *command, flush=True)
        module = () if command[0].endswith(".py") else ("-m",)
        done = subprocess.run(
            [sys.executable, *module, *command], cwd=ROOT, env=defaults | os.environ
        )
        if done.returncode:
            sys.exit(done.returncode)


if __name__ == "__main__":
    main()
