"""What processes have used so far, as /proc tells it: CPU time to the nanosecond, and memory as PSS.

PSS counts what several processes share once in all. Sockets' buffers lie in the kernel and are not in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")


def family(pid: int) -> list[int]:
    """A process and all that it started, however deep."""
    found = [pid]
    for parent in found:
        for task in (PROC / str(parent) / "task").iterdir():
            found += map(int, (task / "children").read_text("ascii").split())
    return found


def cpu(pids: Iterable[int]) -> float:
    """Seconds of CPU that these processes have used."""
    total = 0
    for pid in pids:
        for task in (PROC / str(pid) / "task").iterdir():
            with suppress(FileNotFoundError):  # a thread that ended just now
                total += int((task / "schedstat").read_text("ascii").split()[0])
    return total / 1e9


def pss(pids: Iterable[int]) -> float:
    """KiB that these processes hold."""
    total = 0
    for pid in pids:
        lines = (PROC / str(pid) / "smaps_rollup").read_text("ascii").splitlines()
        total += int(next(line for line in lines if line.startswith("Pss:")).split()[1])
    return float(total)
