"""Processors and memory that this process may use, as limited by a container or the user.

On Linux the limits are in files of control groups, version 1 or 2; other systems have no such
files, and only the machine counts.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")  # where control groups are mounted
MEMBERSHIP = Path("/proc/self/cgroup")  # which of them this process is in


def available_cpus(cgroups: Path = CGROUPS, membership: Path = MEMBERSHIP) -> int:
    """Return how many processors this process may use, at least 1.

    The lowest of the machine's number, the process's affinity and a control group's quota.
    """
    counts = [os.cpu_count() or 1]
    if hasattr(os, "sched_getaffinity"):  # on Linux
        counts.append(len(os.sched_getaffinity(0)))
    for folder in _folders(cgroups, membership, "cpu"):
        version_1 = [_number(folder / "cpu.cfs_quota_us"), _number(folder / "cpu.cfs_period_us")]
        for quota, period in (_numbers(folder / "cpu.max", 2), version_1):
            if quota > 0 and period > 0:
                counts.append(-(-quota // period))
    return max(min(counts), 1)


def available_memory(cgroups: Path = CGROUPS, membership: Path = MEMBERSHIP) -> int | None:
    """Return how many bytes of memory this process may use; None if it is unknown.

    The lowest of the machine's, a control group's and the process's own limit (``ulimit -v -d``).
    """
    sizes = [_machine_memory(), *_own_limits()]
    for folder in _folders(cgroups, membership, "memory"):
        sizes += [_number(folder / "memory.max"), _number(folder / "memory.limit_in_bytes")]
    return min((size for size in sizes if size > 0), default=None)


def _machine_memory() -> int:
    """Return the bytes of the whole machine; 0 if unknown."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # Windows, or a system without these names
        return 0


def _own_limits() -> list[int]:
    """Return the process's limits of address space and data, if there are any."""
    try:
        import resource
    except ImportError:  # Windows
        return []
    softs = (resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA))
    return [soft for soft in softs if soft != resource.RLIM_INFINITY]


def _folders(cgroups: Path, membership: Path, controller: str) -> Iterator[Path]:
    """Yield the folders of a process's groups and of their parents, which all have limits.

    In a container the path may be the host's, which does not exist there; the container's own group
    is then at the top.
    """
    paths = {"": "/", controller: "/"}  # of version 2, and of this controller in version 1
    with contextlib.suppress(OSError):
        for line in membership.read_text(errors="replace").splitlines():
            _, names, path = [*line.split(":", 2), "", ""][:3]
            paths |= {name: path for name in names.split(",") if name in paths}
    tops = {
        "": "",
        "unified": "",
        controller: controller,
    }  # folder: controller whose path is below it
    for top, name in tops.items():
        parts = [part for part in paths[name].split("/") if part not in ("", "..")]
        for depth in range(len(parts), -1, -1):
            yield cgroups.joinpath(top, *parts[:depth])


def _number(path: Path) -> int:
    """Read a file of one whole number; 0 if it is missing or has anything else."""
    return _numbers(path, 1)[0]


def _numbers(path: Path, count: int) -> list[int]:
    """Read a file of `count` whole numbers; zeros if it is missing or has anything else."""
    try:
        numbers = [int(word) for word in path.read_text().split()]
    except (OSError, ValueError):  # missing, not text, or "max"
        numbers = []
    return numbers if len(numbers) == count else [0] * count
