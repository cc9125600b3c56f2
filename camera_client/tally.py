"""What became of the frames: the counts of one run and the line that says them at the end."""

import json
import threading
from enum import StrEnum


class Outcome(StrEnum):
    """What became of one frame that was sent."""

    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Tally:
    """The sender counts, the agent reads. sent = acknowledged + refused + unknown; captured = sent + dropped."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards the counts
        self._outcomes = dict.fromkeys(Outcome, 0)
        self._retries = 0
        self._refusals: dict[str, int] = {}

    def count(self, outcome: Outcome, code: str = "") -> None:
        """`code`: why it was refused, in the server's word."""
        with self._lock:
            self._outcomes[outcome] += 1
            if outcome is Outcome.REFUSED:
                self._refusals[code] = self._refusals.get(code, 0) + 1

    def count_retry(self) -> None:
        with self._lock:
            self._retries += 1

    def outcome(self, outcome: Outcome) -> int:
        with self._lock:
            return self._outcomes[outcome]

    def summary(self, camera: str, session: str, dropped: int, seconds: float) -> str:
        """One JSON line. `unknown`: no answer came, the frame may or may not be stored."""
        with self._lock:
            sent = sum(self._outcomes.values())
            fields = {
                "camera": camera,
                "session": session,
                "captured": sent + dropped,
                "sent": sent,
                **{outcome.value: count for outcome, count in self._outcomes.items()},
                "dropped": dropped,
                "retries": self._retries,
                "seconds": round(seconds, 1),
            }
            if self._refusals:
                fields["refusals"] = dict(self._refusals)
        return json.dumps(fields)
