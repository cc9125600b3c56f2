"""Where a consumer can be told to die: its ports, wrapped. Used by `member_process` and nowhere in the product.

The kill is SIGKILL by the process itself: nothing is flushed, no handler runs.
"""

import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from common.contracts.frame import Headers
from common.kafka.confluent import ConfluentGroupConsumer, ConfluentProducer
from common.kafka.ports import Delivery, Position, TopicPartition
from common.storage.s3 import S3ObjectStore
from common.topics import CLIP_EVENTS

POINTS = (
    "before_put",
    "mid_put",
    "after_put",
    "before_derived",
    "after_derived",
    "before_event",
    "after_event",
    "before_commit",
    "after_commit",
)
COMMITS_PASSED = 2
"""The first commits only say that reading begins; the point is one that moves the mark."""


class CrashPoint:
    """Armed with one point and how often it is passed before the process dies there. `note` hears of it first."""

    def __init__(self, point: str | None, at: int, note: Callable[[str], None]) -> None:
        if point is not None and point not in POINTS:
            raise ValueError(f"there is no crash point {point}")
        self.point = point
        self._left = at
        self._note = note

    def passed(self, point: str) -> None:
        """Dies here if it is the one. Threads may race: a count too many does no harm."""
        if point != self.point:
            return
        self._left -= 1
        if self._left <= 0:
            self._note(point)
            os.kill(os.getpid(), signal.SIGKILL)


class _DeadlyFile:
    """A file whose second reading (the first computes the signature) kills the process half-way."""

    def __init__(self, path: Path, crash: CrashPoint) -> None:
        self._file = path.open("rb")
        self._size = path.stat().st_size
        self._crash = crash
        self._rounds = 0

    def read(self, count: int = -1) -> bytes:
        if self._rounds > 0 and self._file.tell() * 2 >= self._size:
            self._crash.passed("mid_put")
        count = count if count >= 0 else self._size
        # Small pieces, so that there is a middle.
        return self._file.read(min(count, max(1, self._size // 8)) if self._rounds else count)

    def seek(self, offset: int, whence: int = 0) -> int:
        if offset == 0 and whence == 0 and self._file.tell() >= self._size:
            self._rounds += 1
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        self._file.close()


def crashing_ports(crash: CrashPoint) -> dict[str, Any]:
    """What replaces the names of `consumers.wiring`."""

    class CrashingStore(S3ObjectStore):
        def create(
            self, key: str, body: bytes | Path, content_type: str, metadata: Mapping[str, str] | None = None
        ) -> None:
            is_clip = key.endswith(".mp4")
            crash.passed("before_put" if is_clip else "before_derived")
            if is_clip and isinstance(body, Path) and crash.point == "mid_put":
                deadly: Any = _DeadlyFile(body, crash)
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=key,
                    Body=deadly,
                    ContentType=content_type,
                    Metadata=dict(metadata or {}),
                    IfNoneMatch="*",
                )
            else:
                super().create(key, body, content_type, metadata)
            if is_clip:
                crash.passed("after_put")
            elif key.endswith(".json"):
                crash.passed("after_derived")

    class CrashingProducer(ConfluentProducer):
        def send_and_wait(
            self,
            topic: str,
            key: bytes | None,
            value: bytes | None,
            headers: Headers = (),
            partition: int | None = None,
            timeout_s: float = 10.0,
        ) -> Delivery:
            is_event = topic.endswith(CLIP_EVENTS)
            if is_event:
                crash.passed("before_event")
            delivery = super().send_and_wait(topic, key, value, headers, partition, timeout_s)
            if is_event:
                crash.passed("after_event")
            return delivery

    class CrashingGroup(ConfluentGroupConsumer):
        sent = 0

        def commit_soon(
            self, positions: Mapping[TopicPartition, Position], done: Callable[[Exception | None], None]
        ) -> None:
            CrashingGroup.sent += 1
            counts = CrashingGroup.sent > COMMITS_PASSED

            def answered(error: Exception | None) -> None:
                if counts and error is None:
                    crash.passed("after_commit")
                done(error)

            if counts:
                crash.passed("before_commit")
            super().commit_soon(positions, answered)

    return {
        "S3ObjectStore": CrashingStore,
        "ConfluentProducer": CrashingProducer,
        "ConfluentGroupConsumer": CrashingGroup,
    }
