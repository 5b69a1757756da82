"""Ctrl-C while the program loads or ends: at any import, and after the last line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

FORKS = """
import atexit, json, os, signal, sys

class Finder:  # forks at each tenth import from our first on; the child gets a Ctrl-C
    number = -1

    def find_spec(self, name, path=None, target=None):
        if name == "mnist_nn.cli.app":
            atexit.register(interrupt, "the end")
        self.number += name == "mnist_nn.cli" or self.number >= 0
        if self.number % 10 == 1:
            interrupt(name)

def interrupt(where):
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(writing, 2)
        os.kill(os.getpid(), signal.SIGINT)
        return
    os.close(writing)
    with open(reading, "rb") as file:
        said = file.read().decode()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with open(os.environ["INTERRUPTIONS"], "a") as file:
        print(json.dumps([where, code, said]), file=file)

sys.meta_path.insert(0, Finder())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.parametrize("command", ["--help", "train --config nowhere.yaml"])
def test_an_interruption_while_it_loads_or_ends_is_one_line(command: str, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(FORKS)
    settings = {"PYTHONPATH": str(tmp_path), "INTERRUPTIONS": str(tmp_path / "log")}
    subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "mnist_nn", *command.split()],
        env=os.environ | settings,
        cwd=tmp_path,
        capture_output=True,
    )
    ends = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert ends[-1][0] == "the end" or sys.version_info[:2] == (3, 12)  # it cannot fork there
    assert len(ends) > 20
    assert [end for end in ends if end[1:] != [130, "\ninterrupted\n"]] == []


def test_an_ignored_interruption_stays_ignored(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "sys.meta_path.insert(0, Finder())\n"
    )
    command = [sys.executable, "-m", "mnist_nn", "--version"]
    settings = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, env=settings, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
