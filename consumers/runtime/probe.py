"""Probe mode: finding the frame that kills the process (DESIGN 5, rule 19).

One frame per process is in decoding. Its offset is named in a commit before, and taken back in the next commit, the
one that names the next frame: it is acknowledged before that one is decoded. Partitions in probe mode take turns.
"""

import logging
from collections import deque
from dataclasses import dataclass

from consumers.runtime.assignment import Assignment
from consumers.runtime.strands import FrameStep, Step

log = logging.getLogger(__name__)
PROBE_FROM_UNCLEAN_ENDS = 2
NAMED_LIMIT = 3
"""An offset that was in decoding at so many unclean ends is dead-lettered and never decoded again."""


@dataclass(slots=True, eq=False)
class _Probed:
    assignment: Assignment
    step: FrameStep


class Probe:
    """Steps of partitions in probe mode, in the order of their partition. Bounded: see `intake`. Owned by the loop."""

    def __init__(self) -> None:
        self._waiting: dict[Assignment, deque[Step]] = {}
        """Whose turn it is comes first. None is empty."""
        self._current: _Probed | None = None
        self._last: Assignment | None = None
        self._is_decoding = False

    @property
    def frames(self) -> int:
        """What waits here and is in no strand yet."""
        return sum(len(steps) for steps in self._waiting.values())

    def frames_of(self, assignment: Assignment) -> int:
        """The same of one partition."""
        return len(self._waiting.get(assignment, ()))

    @property
    def has_work(self) -> bool:
        return bool(self._waiting) or self._current is not None

    def add(self, assignment: Assignment, step: Step) -> None:
        self._waiting.setdefault(assignment, deque()).append(step)

    def decoded(self, generation: int, offset: int) -> None:
        """The frame has survived: its name is taken back."""
        current = self._current
        if current is None or current.assignment.generation != generation or current.assignment.naming != offset:
            return
        self._is_decoding = False
        current.assignment.naming = None
        self._last, self._current = current.assignment, None

    def turn(self) -> list[Step]:
        """Steps that may go to the pool now."""
        ready: list[Step] = []
        if self._is_decoding:
            return ready
        current, last = self._current, self._last
        if current is not None:
            if last is not None and last.committed_naming != last.naming:
                return ready  # the commit that takes the last name back is under way
            if current.assignment.committed_naming != current.assignment.naming:
                return ready  # the commit that names it is under way
            self._is_decoding = True
            return [current.step]
        while self._waiting:
            assignment, steps = next(iter(self._waiting.items()))
            step = steps.popleft()
            # To the end of the row: one partition's many frames must not hold up another's.
            del self._waiting[assignment]
            if steps:
                self._waiting[assignment] = steps
            if not isinstance(step, FrameStep):
                ready.append(step)
                continue
            step.is_probe = True
            assignment.naming = step.frame.offset
            self._current = _Probed(assignment, step)
            break
        return ready

    def release(self, assignment: Assignment) -> list[Step]:
        """The assignment leaves probe mode with nothing in decoding: its steps, to be handed in before any other."""
        return list(self._waiting.pop(assignment, ()))

    def forget(self, assignment: Assignment) -> None:
        """The assignment has ended."""
        self._waiting.pop(assignment, None)
        if self._current is not None and self._current.assignment is assignment:
            self._current = None
            self._is_decoding = False
        if self._last is assignment:
            self._last = None
        assignment.naming = None
