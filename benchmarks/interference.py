"""How much of the machine others took during a measurement: what wall times are worth."""

import os
import time
from collections.abc import Iterator

import psutil


class Interference:
    """From its making on. CPU of this process and all that it started, directly or not, is not others'."""

    def __init__(self) -> None:
        self._begun_s = time.monotonic()
        self._busy_s, self._own_s = _busy_s(), _own_s()

    def share(self) -> float:
        """Of all cores, 0 to 1, that others have kept busy since."""
        others_s = (_busy_s() - self._busy_s) - (_own_s() - self._own_s)
        elapsed_s = max(1e-3, time.monotonic() - self._begun_s)
        return min(1.0, max(0.0, others_s / elapsed_s / (os.cpu_count() or 1)))

    def own_s(self) -> float:
        """CPU seconds of this process and all that it started, since."""
        return _own_s() - self._own_s


def _busy_s() -> float:
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0))


def _own_s() -> float:
    """Those who have ended count with who waited for them."""
    me = psutil.Process()
    return sum(_spent(me, *me.children(recursive=True)))


def _spent(*processes: psutil.Process) -> Iterator[float]:
    for process in processes:
        try:
            yield sum(process.cpu_times()[:4])
        except psutil.Error:  # it has just ended
            continue
