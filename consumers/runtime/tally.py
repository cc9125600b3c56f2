"""What is counted between two pushes: metrics are touched once a second, never per frame."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """Counts since the last push, kept by the loop's own parts. Owned by the loop."""

    fates: Counter[str] = field(default_factory=Counter)
    clips: Counter[str] = field(default_factory=Counter)
    dead_letters: Counter[str] = field(default_factory=Counter)
    rebalances: Counter[str] = field(default_factory=Counter)
    ticks: int = 0
    retries: int = 0
    progress: int = 0
    """Grows with each record admitted and each retry in a declared outage; never taken back. For the watchdog."""
