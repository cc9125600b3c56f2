"""Dead letters: what can never be processed is kept with its origin and reason, and the rest goes on (DESIGN 6)."""

from collections.abc import Callable

from common.clock import Clock
from common.contracts.dead_letter import DeadLetter
from common.contracts.frame import Headers, encode_headers
from common.errors import PoisonRecord
from common.kafka.ports import Record
from consumers.runtime.assignment import Assignment
from consumers.runtime.low_mark import OffsetHold
from consumers.runtime.notices import Notice, Notices
from consumers.runtime.ports import AdmittedFrame
from consumers.runtime.tally import Tally


class DeadLetters:
    """Sends letters; the source offset moves only after their acknowledgement. Owned by the loop."""

    def __init__(self, analysis: str, topic: str, notices: Notices, tally: Tally, clock: Clock) -> None:
        self._analysis = analysis
        self._topic = topic
        self._notices = notices
        self._tally = tally
        self._clock = clock

    def send_record(
        self, assignment: Assignment, record: Record, clock_before_ms: int | None, error: PoisonRecord
    ) -> None:
        """A record that no window accounts for: it holds the mark by itself."""
        offset = record.offset
        assignment.notices[offset] = OffsetHold(offset, clock_before_ms)
        self._send(
            assignment,
            offset,
            record.key,
            record.value,
            record.headers,
            error,
            1,
            lambda: void(assignment.notices.pop(offset, None)),
        )

    def send_frame(
        self,
        assignment: Assignment,
        frame: AdmittedFrame,
        error: PoisonRecord,
        attempts: int,
        delivered: Callable[[], None],
    ) -> None:
        """A frame of a window: the window is not settled before `delivered` was called."""
        headers = encode_headers(frame.headers)
        key = frame.camera.encode()
        self._send(assignment, frame.offset, key, frame.jpeg, headers, error, attempts, delivered)

    def _send(
        self,
        assignment: Assignment,
        offset: int,
        key: bytes | None,
        value: bytes | None,
        original: Headers,
        error: PoisonRecord,
        attempts: int,
        delivered: Callable[[], None],
    ) -> None:
        letter = DeadLetter(
            analysis=self._analysis,
            topic=assignment.partition.topic,
            topic_id=assignment.topic_id,
            partition=assignment.partition.partition,
            offset=offset,
            reason=error.reason,
            detail=error.detail,
            attempts=attempts,
            failed_us=self._clock.wall_us(),
        )
        self._tally.dead_letters[error.reason] += 1
        self._notices.send(
            Notice(assignment.generation, self._topic, key, value, letter.to_headers(original), delivered)
        )


def void(_: object) -> None:
    """Forget a value."""
