"""What this process may use, as a container, a quota or its owner limits it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mnist_nn.limits import available_cpus, available_memory

GIB = 2**30


class FakeCgroups:
    """A tree of control groups, and the file that says in which the process is."""

    def __init__(self, folder: Path) -> None:
        self.root, self.membership = folder / "cgroup", folder / "membership"
        self.root.mkdir()

    def write(self, path: str, content: str | bytes) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())

    def join(self, *lines: str) -> None:
        self.membership.write_text("".join(f"{line}\n" for line in lines))

    def cpus(self) -> int:
        return available_cpus(self.root, self.membership)

    def memory(self) -> int:
        found = available_memory(self.root, self.membership)
        assert found is not None
        return found


@pytest.fixture
def cgroups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeCgroups:
    """On a machine of 64 processors, all of which the process may use."""
    monkeypatch.setattr("os.cpu_count", lambda: 64)
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: set(range(64)), raising=False)
    return FakeCgroups(tmp_path)


def test_without_control_groups_the_machine_counts(cgroups: FakeCgroups) -> None:
    assert cgroups.cpus() == 64
    assert cgroups.memory() <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize(
    ("quota", "expected"),
    [("max 100000", 64), ("150000 100000", 2), ("200000 100000", 2), ("1000 100000", 1)],
)
def test_version_2_limits_processors(cgroups: FakeCgroups, quota: str, expected: int) -> None:
    cgroups.join("0::/")  # as a container sees its own group
    cgroups.write("cpu.max", f"{quota}\n")
    assert cgroups.cpus() == expected


@pytest.mark.parametrize(("quota", "expected"), [(-1, 64), (250_000, 3), (100_000, 1)])
def test_version_1_limits_processors(cgroups: FakeCgroups, quota: int, expected: int) -> None:
    cgroups.join("3:cpu,cpuacct:/docker/abc")  # the host's path, which is not to be found here
    cgroups.write("cpu/cpu.cfs_quota_us", f"{quota}\n")
    cgroups.write("cpu/cpu.cfs_period_us", "100000\n")
    assert cgroups.cpus() == expected


def test_version_2_limits_memory(cgroups: FakeCgroups) -> None:
    cgroups.join("0::/")
    cgroups.write("memory.max", f"{GIB // 4}\n")
    assert cgroups.memory() == GIB // 4


def test_version_1_limits_memory(cgroups: FakeCgroups) -> None:
    cgroups.join("9:name=systemd:/", "4:memory:/docker/abc", "0::/")
    cgroups.write("memory/memory.limit_in_bytes", "9223372036854771712\n")  # no limit
    unlimited = cgroups.memory()
    cgroups.write("memory/docker/abc/memory.limit_in_bytes", f"{GIB // 4}\n")
    assert unlimited > GIB // 4
    assert cgroups.memory() == GIB // 4


def test_a_limit_of_a_group_further_up_counts(cgroups: FakeCgroups) -> None:
    cgroups.join("0::/user.slice/session.scope")
    cgroups.write("user.slice/session.scope/memory.max", "max\n")
    cgroups.write("user.slice/session.scope/cpu.max", "800000 100000\n")
    cgroups.write("user.slice/memory.max", f"{GIB // 4}\n")
    cgroups.write("user.slice/cpu.max", "300000 100000\n")
    cgroups.write("other.slice/memory.max", "1\n")  # not above it
    assert (cgroups.cpus(), cgroups.memory()) == (3, GIB // 4)


def test_both_versions_side_by_side(cgroups: FakeCgroups) -> None:
    cgroups.join("4:memory:/a", "0::/b")
    cgroups.write("memory/a/memory.limit_in_bytes", f"{GIB // 4}\n")
    cgroups.write("unified/b/cpu.max", "100000 100000\n")
    assert (cgroups.cpus(), cgroups.memory()) == (1, GIB // 4)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.one_of(st.binary(), st.text().map(str.encode)))
def test_an_odd_file_limits_nothing_and_never_fails(cgroups: FakeCgroups, content: bytes) -> None:
    cgroups.membership.write_bytes(b"0::/\n" + content + b"\n::::\n0\n")
    for name in ("cpu.max", "memory.max", "cpu/cpu.cfs_quota_us", "memory/memory.limit_in_bytes"):
        cgroups.write(name, content)
    assert 1 <= cgroups.cpus() <= 64
    assert cgroups.memory() > 0


def test_a_path_out_of_the_tree_stays_in_it(cgroups: FakeCgroups) -> None:
    cgroups.join("0::/../..")  # a process of a group outside the container
    (cgroups.root.parent / "cpu.max").write_text("100000 100000\n")
    assert cgroups.cpus() == 64


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity here")
def test_affinity_limits_processors() -> None:
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from mnist_nn.limits import available_cpus; print(available_cpus())"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "1\n"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the limit may not be set")
def test_ulimit_limits_memory() -> None:
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (2**28, 2**28))\n"
        "from mnist_nn.limits import available_memory; print(available_memory())"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == f"{2**28}\n"
