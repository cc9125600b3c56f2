"""Records that must be acknowledged before the mark moves on: dead letters and gaps (DESIGN 5, rules 14 and 15).

Sent without waiting, repeated until the broker has them: they are keyed by their offsets and may repeat.
"""

import itertools
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from common.clock import Clock
from common.contracts.frame import Headers
from common.errors import ConfigurationError, Transient
from common.kafka.ports import Delivery, RecordProducer
from consumers.runtime.mailbox import Mailbox
from consumers.runtime.messages import NoticeAnswered

log = logging.getLogger(__name__)
RETRY_FIRST_S = 0.5
RETRY_MOST_S = 10.0


@dataclass(slots=True)
class Notice:
    """`generation`: of its assignment; with that it goes. `delivered`: called on the loop's thread."""

    generation: int
    topic: str
    key: bytes | None
    value: bytes | None = field(repr=False)
    headers: Headers = field(repr=False)
    delivered: Callable[[], None]
    attempts: int = 0
    due_s: float | None = None

    @property
    def size_bytes(self) -> int:
        return len(self.value or b"")


class Notices:
    """Owned by the loop. Its bytes count into flow control: when the broker takes none, nothing more is admitted."""

    def __init__(self, producer: RecordProducer, mailbox: Mailbox, clock: Clock) -> None:
        self._producer = producer
        self._mailbox = mailbox
        self._clock = clock
        self._numbers = itertools.count(1)
        self._pending: dict[int, Notice] = {}
        self.pending_bytes = 0

    def __len__(self) -> int:
        return len(self._pending)

    def send(self, notice: Notice) -> None:
        number = next(self._numbers)
        self._pending[number] = notice
        self.pending_bytes += notice.size_bytes
        self._try(number, notice)

    def answered(self, message: NoticeAnswered) -> None:
        """The broker has it, or it has to be sent again. Raises ConfigurationError for what no repetition mends."""
        notice = self._pending.get(message.notice)
        if notice is None:
            return
        if isinstance(message.error, ConfigurationError):
            raise message.error
        if message.error is not None:
            log.warning("notice not delivered", extra={"topic": notice.topic, "error": message.error})
            self._again_later(notice)
            return
        self._remove(message.notice)
        notice.delivered()

    def turn(self, now_s: float) -> int:
        """Send again what is due; how many."""
        due = [(n, notice) for n, notice in self._pending.items() if notice.due_s is not None and notice.due_s <= now_s]
        for number, notice in due:
            self._try(number, notice)
        return len(due)

    def forget(self, generation: int) -> None:
        """The assignment is gone: whoever reads its records again sends its own."""
        for number in [n for n, notice in self._pending.items() if notice.generation == generation]:
            self._remove(number)

    def _remove(self, number: int) -> None:
        self.pending_bytes -= self._pending.pop(number).size_bytes

    def _try(self, number: int, notice: Notice) -> None:
        notice.attempts += 1
        notice.due_s = None
        mailbox = self._mailbox

        def done(_: Delivery | None, error: Exception | None) -> None:
            mailbox.put(NoticeAnswered(number, error))

        try:
            self._producer.send(notice.topic, notice.key, notice.value, notice.headers, done=done)
        except Transient:
            self._again_later(notice)

    def _again_later(self, notice: Notice) -> None:
        delay_s = min(RETRY_MOST_S, RETRY_FIRST_S * 2.0 ** min(notice.attempts - 1, 10))
        notice.due_s = self._clock.monotonic_s() + delay_s
