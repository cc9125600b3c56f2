"""Gaps: offsets that were gone before they were read are said so, never skipped in silence (DESIGN 5, rule 14)."""

import logging
from collections.abc import Callable

from common.clock import Clock
from common.contracts.clip_event import GapFound
from consumers.runtime.assignment import Assignment
from consumers.runtime.notices import Notice, Notices
from consumers.runtime.start_plan import GapRange

log = logging.getLogger(__name__)


class Gaps:
    """Sends gap records. Owned by the loop."""

    def __init__(self, analysis: str, topic: str, notices: Notices, clock: Clock) -> None:
        self._analysis = analysis
        self._topic = topic
        self._notices = notices
        self._clock = clock

    def announce(self, assignment: Assignment, gap: GapRange, delivered: Callable[[], None]) -> None:
        """`delivered` is called once the broker has the record."""
        event = GapFound(
            analysis=self._analysis,
            origin=assignment.origin(),
            first_offset=gap.first_offset,
            next_offset=gap.next_offset,
            reason=gap.reason,
            found_us=self._clock.wall_us(),
        )
        log.error(
            "gap: records were gone before they were read",
            extra={
                "partition": assignment.partition.partition,
                "first_offset": gap.first_offset,
                "next_offset": gap.next_offset,
                "reason": gap.reason,
            },
        )
        self._notices.send(
            Notice(assignment.generation, self._topic, event.gap_id.encode(), event.to_json(), (), delivered)
        )
