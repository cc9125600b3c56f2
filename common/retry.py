"""Retrying with exponential backoff and full jitter."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from common.clock import Clock, SystemClock
from common.deadline import Deadline
from common.errors import Transient

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Backoff:
    """Delays first_s, 2 x first_s, ... up to most_s, each multiplied by a random number in [0.5, 1]."""

    first_s: float = 0.1
    most_s: float = 5.0

    def delays(self) -> Iterator[float]:
        """An endless series of delays in seconds."""
        step = self.first_s
        while True:
            yield step * random.uniform(0.5, 1.0)  # noqa: S311  jitter, not a secret
            step = min(self.most_s, step * 2)


def retry_transient(
    call: Callable[[], T],
    deadline: Deadline,
    backoff: Backoff | None = None,
    clock: Clock | None = None,
    on_retry: Callable[[Transient], None] | None = None,
) -> T:
    """Run `call` until it does not raise `Transient` or the deadline is over; then the last `Transient` is raised."""
    clock = clock or SystemClock()
    for delay_s in (backoff or Backoff()).delays():
        try:
            return call()
        except Transient as error:
            if deadline.remaining_s() <= delay_s:
                raise
            if on_retry is not None:
                on_retry(error)
        clock.sleep(delay_s)
    raise AssertionError("delays() is endless")
