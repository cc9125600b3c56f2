"""The newest status of every consumer instance."""

import logging
import threading

from common.clock import Clock
from common.contracts.consumer_status import ConsumerStatus
from common.kafka.ports import Record

log = logging.getLogger(__name__)

SILENT_AFTER_S = 10.0
"""A consumer reports every 2 s: after five misses it is shown as silent."""
FORGET_AFTER_S = 600.0
"""As long as the topic keeps records: an instance that has not reported since is gone for good."""
INSTANCES_MAX = 1_000
"""Bound on what is held; beyond it the one silent for longest is dropped."""
_US = 1_000_000


class StatusBoard:
    """Written by the follower's thread, read by requests."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()  # guards the statuses: one writer, many readers
        self._newest: dict[str, ConsumerStatus] = {}

    def take(self, record: Record) -> None:
        """Remember what one record says. An unreadable one is logged and left."""
        if record.value is None:
            return
        try:
            status = ConsumerStatus.model_validate_json(record.value)
        except ValueError:
            log.warning("unreadable consumer status", extra={"offset": record.offset})
            return
        with self._lock:
            known = self._newest.get(status.instance)
            if known is None or known.at_us <= status.at_us:
                self._newest[status.instance] = status
            if len(self._newest) > INSTANCES_MAX:
                del self._newest[min(self._newest, key=lambda instance: self._newest[instance].at_us)]

    def statuses(self) -> list[ConsumerStatus]:
        """Of every instance heard of in the last ten minutes, by analysis and instance."""
        since_us = self._clock.wall_us() - int(FORGET_AFTER_S * _US)
        with self._lock:
            recent = [status for status in self._newest.values() if status.at_us >= since_us]
        return sorted(recent, key=lambda status: (status.analysis, status.instance))

    def age_s(self, status: ConsumerStatus) -> float:
        """Seconds since the instance said so."""
        return max(0.0, (self._clock.wall_us() - status.at_us) / _US)
