"""Ticks: how a silent partition gets the log time that closes its windows (DESIGN 5, rule 4).

A tick's place and timestamp in the log are the proof, not the wish to write it: one that comes too early, or from a
member that has lost the partition, proves nothing and harms nothing.
"""

import logging
from dataclasses import dataclass

from common.clock import Clock
from common.contracts.frame import TICK_HEADERS
from common.errors import Transient
from common.kafka.ports import RecordProducer
from consumers.runtime.assignment import Assignment
from consumers.runtime.tally import Tally

log = logging.getLogger(__name__)
MARGIN_S = 0.5
BACKOFF_FIRST_S = 0.5
BACKOFF_MOST_S = 10.0


@dataclass(slots=True)
class TickState:
    """Attempts for the window end that is waited for."""

    end_ms: int
    attempts: int = 0
    next_s: float = 0.0


def is_tick_due(assignment: Assignment, now_s: float, wall_ms: int) -> bool:
    """Whether a partition's next window should have ended by now, for all we know, and nothing has said so.

    The worker's clocks only decide when to ask; a record that arrives says what time it is in the log, so from there
    on the rest of the window is waited for, never longer than the rule's whole window, plus 0.5 s.
    """
    end_ms, log_ms = assignment.next_end_ms, assignment.clock.now_ms
    if not assignment.is_reading or end_ms is None or log_ms is None or assignment.backlog:
        return False
    silent_s = now_s - assignment.heard_s
    lengths_ms = [window.window.length_ms for window in assignment.open_windows() if window.window.end_ms == end_ms]
    if silent_s > min(lengths_ms, default=0) / 1000 + MARGIN_S:
        return True
    if assignment.next_offset < assignment.end_offset:
        return False  # the log goes on: what comes next tells the time
    if silent_s > (end_ms - log_ms) / 1000 + MARGIN_S:
        return True
    return silent_s > MARGIN_S and wall_ms > end_ms + MARGIN_S * 1000


class Ticker:
    """Writes ticks, without waiting for them. Owned by the loop."""

    def __init__(self, producer: RecordProducer, topic: str, clock: Clock, tally: Tally) -> None:
        self._producer = producer
        self._topic = topic
        self._clock = clock
        self._tally = tally
        self._states: dict[int, TickState] = {}

    def turn(self, assignments: list[Assignment], now_s: float) -> None:
        wall_ms = self._clock.wall_us() // 1000
        for assignment in assignments:
            if assignment.next_end_ms is not None and is_tick_due(assignment, now_s, wall_ms):
                self._tick(assignment, now_s)
        if len(self._states) > len(assignments):
            alive = {a.partition.partition for a in assignments}
            self._states = {p: state for p, state in self._states.items() if p in alive}

    def _tick(self, assignment: Assignment, now_s: float) -> None:
        end_ms = assignment.next_end_ms or 0
        partition = assignment.partition.partition
        state = self._states.get(partition)
        if state is None or state.end_ms != end_ms:
            state = self._states[partition] = TickState(end_ms)
        if now_s < state.next_s:
            return
        state.next_s = now_s + min(BACKOFF_MOST_S, BACKOFF_FIRST_S * 2.0 ** min(state.attempts, 10))
        state.attempts += 1
        try:
            self._producer.send(self._topic, None, None, TICK_HEADERS, partition=partition)
        except Transient as error:
            log.warning("tick not sent", extra={"partition": partition, "error": error})
            return
        self._tally.ticks += 1
        log.debug("tick", extra={"partition": partition, "end_ms": end_ms, "attempt": state.attempts})
