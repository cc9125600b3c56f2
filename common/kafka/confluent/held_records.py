"""Records taken out of librdkafka and not yet given to the loop."""

from collections import deque
from collections.abc import Iterable

from common.kafka.ports import Record, TopicPartition


class HeldRecords:
    """Bounded in bytes: `add` refuses what does not fit, and the caller reads it again later."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._records: deque[Record] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._records)

    def add(self, record: Record) -> bool:
        """False when it is full. One record always fits, however large."""
        if self._records and self._bytes + _size(record) > self._max_bytes:
            return False
        self._records.append(record)
        self._bytes += _size(record)
        return True

    def take(self, most: int) -> list[Record]:
        """At most `most` of them, the oldest first."""
        taken = [self._records.popleft() for _ in range(min(most, len(self._records)))]
        self._bytes -= sum(map(_size, taken))
        return taken

    def drop(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Forget what is held of these; the first offset dropped of each."""
        unwanted = set(partitions)
        first: dict[TopicPartition, int] = {}
        kept: deque[Record] = deque()
        for record in self._records:
            partition = TopicPartition(record.topic, record.partition)
            if partition in unwanted:
                first.setdefault(partition, record.offset)
                self._bytes -= _size(record)
            else:
                kept.append(record)
        self._records = kept
        return first


def _size(record: Record) -> int:
    return len(record.value or b"") + len(record.key or b"")
