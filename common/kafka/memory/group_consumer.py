"""A group member on the in-memory cluster."""

import uuid
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from common.errors import ConfigurationError, LookoutError
from common.kafka.ports import GroupListener, Position, PositionLost, Record, TopicPartition

if TYPE_CHECKING:
    from common.kafka.memory.cluster import MemoryCluster

Done = Callable[[Exception | None], None]


class MemoryGroupConsumer:
    """Implements `GroupConsumer`. Rebalance callbacks, commit callbacks and records all come out of `poll`.

    One poll takes at most one step of a rebalance: a revocation in one poll, the assignment of what is free in another.
    """

    def __init__(self, cluster: "MemoryCluster", group: str) -> None:
        self.group = group
        self.member_id = uuid.uuid4().hex
        self._cluster = cluster
        self._topics: tuple[str, ...] = ()
        self._listener: GroupListener | None = None
        self._owned: set[TopicPartition] = set()
        self._next: dict[TopicPartition, int] = {}
        self._topic_ids: dict[TopicPartition, str] = {}
        self._paused: set[TopicPartition] = set()
        self._commits_done: deque[tuple[Done, Exception | None]] = deque()  # bounded by the caller's commits
        self._known_topics: set[str] = set()
        self._turn = 0
        self._is_closed = False

    def subscribe(self, topics: Sequence[str], listener: GroupListener) -> None:
        with self._cluster.changed:
            self._topics, self._listener = tuple(topics), listener
            self._join()

    def poll(self, max_records: int, timeout_s: float) -> list[Record]:
        self._finish_commits()
        if not self._cluster.is_down:
            self._require_topics()
            self._take_rebalance_step()
        with self._cluster.changed:
            records = self._fetch(max_records)
            if not records and timeout_s > 0:
                self._cluster.changed.wait(min(timeout_s, self._cluster.longest_wait_s))
                records = self._fetch(max_records)
            return records

    def commit(self, positions: Mapping[TopicPartition, Position]) -> None:
        self._cluster.commit(self.group, self.member_id, positions)

    def commit_soon(self, positions: Mapping[TopicPartition, Position], done: Done) -> None:
        error: Exception | None = None
        try:
            self._cluster.commit(self.group, self.member_id, positions)
        except LookoutError as failure:
            error = failure
        self._commits_done.append((done, error))

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self._require_owned(partition)
        self._next[partition] = offset
        self._paused.discard(partition)

    def pause(self, partitions: Iterable[TopicPartition]) -> None:
        for partition in partitions:
            self._require_owned(partition)
            self._paused.add(partition)

    def resume(self, partitions: Iterable[TopicPartition]) -> None:
        for partition in partitions:
            self._require_owned(partition)
            self._paused.discard(partition)

    def close(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        try:
            if self._owned and self._listener is not None:
                if self._cluster.group(self.group).is_member(self.member_id):
                    self._listener.revoked(sorted(self._owned))
                else:
                    self._listener.lost(sorted(self._owned))
            self._finish_commits()
        finally:
            self._forget(self._owned)
            with self._cluster.changed:
                self._cluster.group(self.group).leave(self.member_id)
                self._cluster.retarget(self.group)

    def _require_topics(self) -> None:
        """As the real one: a topic that never was is an error, one that is being made again is waited for."""
        for topic in self._topics:
            if topic not in self._known_topics:
                self._cluster.topic(topic)
                self._known_topics.add(topic)

    def _join(self) -> None:
        self._cluster.group(self.group).join(self.member_id, frozenset(self._topics))
        self._cluster.retarget(self.group)

    def _take_rebalance_step(self) -> None:
        listener, group = self._listener, self._cluster.group(self.group)
        if listener is None or self._is_closed:
            return
        with self._cluster.changed:
            is_kicked = not group.is_member(self.member_id)
        if is_kicked:
            lost = sorted(self._owned)
            with self._cluster.changed:
                self._join()
            try:
                if lost:
                    listener.lost(lost)
            finally:
                self._forget(lost)
            return
        with self._cluster.changed:
            revoked = group.to_revoke(self.member_id)
        if revoked:
            try:
                listener.revoked(revoked)
            finally:
                self._forget(revoked)
                with self._cluster.changed:
                    group.release(self.member_id, revoked)
            return
        with self._cluster.changed:
            assigned = group.take(self.member_id)
        if assigned:
            self._owned.update(assigned)
            starts = listener.assigned(assigned)
            self._next.update({p: at for p in assigned if (at := starts.get(p)) is not None and p not in self._next})

    def _forget(self, partitions: Iterable[TopicPartition]) -> None:
        for partition in list(partitions):
            self._owned.discard(partition)
            self._paused.discard(partition)
            self._next.pop(partition, None)
            self._topic_ids.pop(partition, None)

    def _fetch(self, max_records: int) -> list[Record]:
        """Takes turns: each poll begins at another partition, so that none starves."""
        if self._cluster.is_down:
            return []
        readable = sorted(p for p in self._next if p not in self._paused)
        self._turn += 1
        start = self._turn % len(readable) if readable else 0
        records: list[Record] = []
        for partition in readable[start:] + readable[:start]:
            if len(records) >= max_records:
                break
            try:
                log = self._cluster.log(partition)
            except ConfigurationError:  # deleted: it gives nothing, and is revoked in a later poll
                continue
            at = self._next[partition]
            topic_id = self._cluster.topic(partition.topic).topic_id
            if not log.low <= at <= log.high or self._topic_ids.setdefault(partition, topic_id) != topic_id:
                if records:  # first what is in hand; the next poll says it
                    break
                del self._next[partition]
                self._topic_ids.pop(partition, None)
                raise PositionLost(partition, at)
            found = log.read(at, max_records - len(records))
            if found:
                records += found
                self._next[partition] = found[-1].offset + 1
        return records

    def _finish_commits(self) -> None:
        while self._commits_done:
            done, error = self._commits_done.popleft()
            done(error)

    def _require_owned(self, partition: TopicPartition) -> None:
        if partition not in self._owned:
            raise ValueError(f"{partition} is not assigned to this member")
