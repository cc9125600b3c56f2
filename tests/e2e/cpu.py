"""How much of the processors the system takes: it says more than lag on a machine that does other things too."""

from collections.abc import Mapping

import psutil


def cpu_seconds() -> dict[int, tuple[str, float]]:
    """Process id -> (name, CPU seconds so far) of everything this process has started and that still runs."""
    taken = {}
    for process in psutil.Process().children(recursive=True):
        try:
            words, times = process.cmdline(), process.cpu_times()
        except psutil.Error:
            continue  # it ended in this moment
        taken[process.pid] = (name_of(words), times.user + times.system)
    return taken


def cpu_between(before: Mapping[int, tuple[str, float]], after: Mapping[int, tuple[str, float]]) -> dict[str, float]:
    """CPU seconds between two readings, by name, the largest first. A process that ended is left out."""
    used: dict[str, float] = {}
    for pid, (name, total_s) in after.items():
        used[name] = used.get(name, 0.0) + total_s - before.get(pid, (name, 0.0))[1]
    return dict(sorted(used.items(), key=lambda item: -item[1]))


def name_of(words: list[str]) -> str:
    """`emotion`, `api_server`, `kafka`, `camera_client`, ...: from a command line."""
    line = " ".join(words)
    for server in ("kafka.Kafka", "MongoWire", "s3proxy", "mongod", "versitygw"):
        if server in line:
            return server.removesuffix(".Kafka").removesuffix("Wire").lower()
    if "-m" in words[:-1]:
        module = words[words.index("-m") + 1]
        is_consumer = module == "consumers" and len(words) > words.index("-m") + 3
        return words[words.index("-m") + 3] if is_consumer else module
    return words[0].rpartition("/")[2] if words else "?"
