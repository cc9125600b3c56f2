"""CPU time of this process by group of threads, from /proc (Linux; empty elsewhere)."""

import threading
from pathlib import Path

TASKS = Path("/proc/self/task")
GROUPS = {"pool-": "pool", "upload-": "upload", "MainThread": "loop", "rdk:": "kafka"}
"""The beginning of a thread's name, and the group it belongs to. librdkafka names its own `rdk:...`."""


def cpu_by_group() -> dict[str, float]:
    """CPU seconds since the threads began: `pool`, `upload`, `loop`, `kafka`, `other`."""
    names = {thread.native_id: thread.name for thread in threading.enumerate()}
    spent: dict[str, float] = {}
    for task in TASKS.iterdir() if TASKS.exists() else ():
        try:
            name = names.get(int(task.name)) or (task / "comm").read_text().strip()
            # proc(5): the first field of schedstat is time on a processor, in ns.
            seconds = int((task / "schedstat").read_text().split()[0]) / 1e9
        except (OSError, ValueError):  # the thread has just ended
            continue
        group = group_of(name)
        spent[group] = spent.get(group, 0.0) + seconds
    return spent


def group_of(name: str) -> str:
    """`other` for a thread of none of the groups."""
    return next((group for prefix, group in GROUPS.items() if name.startswith(prefix)), "other")


def difference(later: dict[str, float], earlier: dict[str, float]) -> dict[str, float]:
    """What each group spent between the two."""
    return {group: seconds - earlier.get(group, 0.0) for group, seconds in later.items()}
