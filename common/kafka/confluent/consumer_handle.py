"""A consumer handle of librdkafka together with what its callbacks tell; it can be given up for a new one.

A broker that was fenced for a moment (it stood still, or came back) answers Metadata without any broker in it.
librdkafka from 2.10 on then forgets all brokers, and in a race with a lost connection its way back to
`bootstrap.servers` too (librdkafka issue 5301): such a handle never connects again. No call says so, hence the time.
"""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, KafkaException

from common.deadline import Deadline
from common.kafka.confluent.commits import Commits
from common.kafka.confluent.errors import client_logger, error_from
from common.kafka.confluent.reach import Reach

LONG_OUTAGE_S = 10.0
"""No broker connected for so long: `poll` says so. Shorter gaps are librdkafka's own business."""
RENEW_AFTER_S = 20.0
"""No broker connected for so long: the handle is given up. Where the broker is really away, the new one waits too."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ConsumerHandle:
    """One thread at a time, but for `retire`."""

    consumer: Consumer
    reach: Reach
    commits: Commits
    age: Deadline

    @classmethod
    def open(cls, config: Mapping[str, Any], doing: str, down_s: float = 0.0) -> "ConsumerHandle":
        """`down_s`: for how long nobody has been reached by the handle before. Raises ConfigurationError."""
        reach, commits = Reach(LONG_OUTAGE_S, down_s=down_s), Commits()
        callbacks = {"error_cb": reach.on_error, "stats_cb": reach.on_statistics, "on_commit": commits.on_answer}
        try:
            consumer = Consumer({**config, **callbacks}, logger=client_logger())
        except KafkaException as error:
            raise error_from(error, doing) from error
        return cls(consumer, reach, commits, Deadline(RENEW_AFTER_S))

    def renewed(self, config: Mapping[str, Any], doing: str) -> "ConsumerHandle":
        """A new handle; this one is closed meanwhile, and says no more. Raises ConfigurationError."""
        _log.error("no broker has answered for long: the client is replaced", extra={"doing": doing})
        new = ConsumerHandle.open(config, doing, self.reach.down_s())
        self.retire()
        self.commits.give_up()
        self.commits.finish()
        return new

    @property
    def is_cut_off(self) -> bool:
        """Nobody was reached for so long that only a new handle can be sure to reach anybody."""
        return self.age.is_over and self.reach.down_s() >= RENEW_AFTER_S

    def retire(self) -> threading.Thread:
        return retire(self.consumer)


def retire(consumer: Consumer) -> threading.Thread:
    """Close a consumer on a thread of its own: that talks to the broker and has no time-out."""
    leaving = threading.Thread(target=_close, args=(consumer,), name="kafka-leave", daemon=True)
    leaving.start()
    return leaving


def _close(consumer: Consumer) -> None:
    try:
        consumer.close()
    except KafkaException as error:
        _log.warning("closing a consumer failed", extra={"error": str(error)})
