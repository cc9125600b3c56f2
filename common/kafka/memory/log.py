"""Topics and their partitions, as a broker keeps them."""

import base64
import bisect
import uuid
from dataclasses import dataclass, field

from common.kafka.ports import Record, Watermarks

DEFAULT_MAX_MESSAGE_BYTES = 1024 * 1024 + 12
RECORD_FRAMING_BYTES = 128
"""What a broker adds to a record of ours at most, roughly; enough to tell too large from large."""


@dataclass(slots=True)
class PartitionLog:
    """Records in offset order. `low` is the first offset kept; offsets are dense here, a real log may have holes."""

    records: list[Record] = field(default_factory=list)
    low: int = 0
    high: int = 0

    def read(self, start: int, most: int) -> list[Record]:
        """At most `most` records from offset `start` on."""
        at = bisect.bisect_left(self.records, start, key=lambda record: record.offset)
        return self.records[at : at + most]

    def expire_to(self, offset: int) -> None:
        """Forget what lies before `offset`, as retention does."""
        self.low = max(self.low, min(offset, self.high))
        at = bisect.bisect_left(self.records, self.low, key=lambda record: record.offset)
        del self.records[:at]

    def offset_since(self, timestamp_ms: int) -> int:
        """The first offset not older than `timestamp_ms`, the end if there is none."""
        return next((r.offset for r in self.records if r.timestamp_ms >= timestamp_ms), self.high)

    @property
    def watermarks(self) -> Watermarks:
        return Watermarks(self.low, self.high)


@dataclass(slots=True)
class Topic:
    """One topic under one id; a topic made again has another."""

    name: str
    logs: list[PartitionLog]
    max_message_bytes: int = DEFAULT_MAX_MESSAGE_BYTES
    topic_id: str = field(default_factory=lambda: base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode())
