"""Removing tombstones that nothing can need any more (DESIGN 5, rule 12)."""

import logging
from collections.abc import Iterable

from api_server.clips.records import ClipRecord, ClipState
from api_server.database.port import Database
from api_server.database.schema import CLIPS
from api_server.settings import HOUR_S
from common.clock import Clock
from common.errors import ConfigurationError
from common.kafka.ports import LogReader, TopicPartition
from common.metrics import Metrics
from common.storage.port import ObjectStore

log = logging.getLogger(__name__)

AFTER_PASSING_S = 24 * HOUR_S
"""A day more than the log and the group need: a replay begun by hand may still be running."""
RECORD_S = 8 * 24 * HOUR_S
"""Records outlive the events of their clips, which the topic keeps for 7 days."""
_US = 1_000_000


class TombstoneKeeper:
    """Keeps each tombstone until the partition's log start and the group's committed offset have passed its clip's last
    offset, and a day more. One thread. Raises Transient; every step may be repeated."""

    def __init__(
        self, database: Database, store: ObjectStore, reader: LogReader, metrics: Metrics, clock: Clock
    ) -> None:
        self._clips = database.collection(CLIPS)
        self._store = store
        self._reader = reader
        self._metrics = metrics
        self._clock = clock

    def run_once(self) -> int:
        """How many tombstones were removed."""
        now_us = self._clock.wall_us()
        deleted = self._clips.find({"state": ClipState.DELETED.value})
        records = [ClipRecord.from_document(document) for document in deleted]
        self._note_passed([record for record in records if record.passed_us is None], now_us)
        removed = 0
        for record in records:
            if record.passed_us is None or now_us - record.passed_us < AFTER_PASSING_S * _US:
                continue
            if record.has_tombstone:
                self._store.delete(record.clip_id.video_key)
                self._clips.update({"_id": record.id}, {"$set": {"has_tombstone": False}})
                removed += 1
            elif now_us - record.passed_us > RECORD_S * _US:
                self._clips.delete({"_id": record.id, "state": ClipState.DELETED.value})
        if removed:
            self._metrics.count("lookout_swept_total", removed, action="tombstone_removed")
        return removed

    def _note_passed(self, records: Iterable[ClipRecord], now_us: int) -> None:
        """Write down of which clips log and group have just been seen to be past."""
        by_place: dict[tuple[str, str, str, int], list[ClipRecord]] = {}
        for record in records:
            place = (record.analysis, record.origin.topic, record.origin.topic_id, record.origin.partition)
            by_place.setdefault(place, []).append(record)
        for (analysis, topic, topic_id, partition), clips in by_place.items():
            passed = self._passed_offset(analysis, topic, topic_id, partition)
            for clip in clips:
                if passed is None or clip.last_offset < passed:
                    self._clips.update({"_id": clip.id}, {"$set": {"passed_us": now_us}})

    def _passed_offset(self, analysis: str, topic: str, topic_id: str, partition: int) -> int | None:
        """Offsets below are gone from the log and behind the group; None: all are, the topic is another one now."""
        place = TopicPartition(topic, partition)
        try:
            if self._reader.topic_id(topic) != topic_id:
                return None
            low = self._reader.watermarks(place).low
        except ConfigurationError:
            log.warning("a topic is gone, and its tombstones with it", extra={"topic": topic})
            return None
        committed = self._reader.committed(analysis, [place])[place]
        return min(low, committed.next_offset) if committed is not None else 0
