"""The librdkafka settings of every client, each with the reason it is not the default."""

from dataclasses import dataclass
from typing import Any

from common.settings import KafkaSettings
from common.topics import CLIP_EVENT_MAX_BYTES, MIB, RECORD_OVERHEAD_BYTES, SMALL_RECORD_MAX_BYTES

REQUEST_TIMEOUT_S = 10.0
"""A broker that does not answer a request for this long is treated as gone; bounds every single call."""
FETCH_WAIT_MS = 100
"""How long a broker holds an empty fetch. A seek or resume waits for the fetch under way, so it is kept short where
single ranges are read."""
FOLLOWING_WAIT_MS = 250
"""The same where a partition is followed: a record ends the wait at once, and a seek comes with a new owner only. Ten
empty fetches a second are a third of what an idle consumer costs, and the broker has to answer them."""
FETCH_BACKOFF_MS = 100
"""Pause of the fetcher when its queue is full, and how soon it looks again: the default of 1 s shows as a stall after
every pause, 20 ms are fifty wake-ups a second beside a queue that lasts for half a second."""
RETRY_BACKOFF_MS = 500
"""A commit that met no coordinator is sent again after this. It must be longer than finding one takes (librdkafka asks
every 250 ms, then connects): sent sooner, it fails with the connection in the making and marks the coordinator as gone
again, for as long as the membership lasts."""
STATISTICS_MS = 4_000
"""How often librdkafka says which brokers it is connected to: 16 to 30 kB of JSON each time, for twelve partitions."""


@dataclass(frozen=True, slots=True)
class GroupTuning:
    """How a group member behaves. `prefetch_bytes` bounds what librdkafka holds ahead of the loop; `fetch_wait_ms`: how
    long the broker holds an empty fetch.

    `max_poll_interval_s`: a loop that has not polled for so long is out of the group; the watchdog acts long before.
    """

    session_timeout_s: float = 10.0
    heartbeat_s: float = 1.0
    max_poll_interval_s: float = 60.0
    prefetch_bytes: int = 8 * MIB
    fetch_wait_ms: int = FOLLOWING_WAIT_MS


@dataclass(frozen=True, slots=True)
class ProducerTuning:
    """How a producer behaves. `queue_bytes` bounds unacknowledged records; librdkafka's default is 1 GiB.

    `delivery_timeout_s`: a record not acknowledged by then is given up and reported as Transient. `serve_every_s`: how
    often senders hear what became of their records, 0 for at once. Each hearing wakes a thread that wants the
    interpreter lock; where nobody waits for it, one for many records will do.
    """

    queue_bytes: int = 64 * MIB
    delivery_timeout_s: float = 10.0
    linger_ms: int = 2
    serve_every_s: float = 0.0


def largest_record_bytes(settings: KafkaSettings) -> int:
    """The largest record of any topic: a dead letter (frame limit and twice the overhead) or a clip event."""
    return max(settings.max_frame_bytes + 2 * RECORD_OVERHEAD_BYTES, CLIP_EVENT_MAX_BYTES)


def largest_fetch_bytes(settings: KafkaSettings, prefetch_bytes: int = 8 * MIB) -> int:
    """The largest answer to a fetch, and so the largest record a client can read."""
    return max(prefetch_bytes, largest_record_bytes(settings))


def client_config(settings: KafkaSettings, client_id: str) -> dict[str, Any]:
    """What every client has in common."""
    return settings.client_config() | {
        "client.id": client_id,
        "socket.timeout.ms": int(REQUEST_TIMEOUT_S * 1000),
        "socket.connection.setup.timeout.ms": int(REQUEST_TIMEOUT_S * 1000),
        "socket.keepalive.enable": True,
        "reconnect.backoff.ms": 100,
        "reconnect.backoff.max.ms": 2_000,
        # Idle connections are closed by the broker; that is no event.
        "log.connection.close": False,
        "message.max.bytes": largest_record_bytes(settings),
        "topic.metadata.refresh.interval.ms": 60_000,
    }


def reading_config(
    settings: KafkaSettings, client_id: str, group: str, prefetch_bytes: int, fetch_wait_ms: int = FETCH_WAIT_MS
) -> dict[str, Any]:
    """What every client that fetches has in common. `group` is only a label where nothing is subscribed."""
    fetch_bytes = largest_fetch_bytes(settings, prefetch_bytes)
    return client_config(settings, client_id) | {
        "group.id": group,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "allow.auto.create.topics": False,
        "fetch.wait.max.ms": fetch_wait_ms,
        "fetch.error.backoff.ms": 200,
        "retry.backoff.ms": RETRY_BACKOFF_MS,
        "fetch.queue.backoff.ms": FETCH_BACKOFF_MS,
        # One fetch answers for all partitions, so it is bounded together with the queue.
        "queued.max.messages.kbytes": max(1, prefetch_bytes // 1024),
        "fetch.message.max.bytes": min(MIB, fetch_bytes),
        "fetch.max.bytes": fetch_bytes,
        "receive.message.max.bytes": fetch_bytes + MIB,
    }


def group_config(settings: KafkaSettings, client_id: str, group: str, tuning: GroupTuning) -> dict[str, Any]:
    """A member of a group (docs/adr/0001): classic protocol, cooperative-sticky."""
    return reading_config(settings, client_id, group, tuning.prefetch_bytes, tuning.fetch_wait_ms) | {
        "group.protocol": "classic",
        "partition.assignment.strategy": "cooperative-sticky",
        "session.timeout.ms": int(tuning.session_timeout_s * 1000),
        "heartbeat.interval.ms": int(tuning.heartbeat_s * 1000),
        "max.poll.interval.ms": int(max(tuning.max_poll_interval_s, tuning.session_timeout_s) * 1000),
        # An expired position is an error to be handled, never a silent skip (DESIGN 5, rule 14).
        "auto.offset.reset": "error",
        "statistics.interval.ms": STATISTICS_MS,
    }


def producer_config(settings: KafkaSettings, client_id: str, tuning: ProducerTuning) -> dict[str, Any]:
    """An idempotent producer."""
    return client_config(settings, client_id) | {
        "enable.idempotence": True,
        "acks": "all",
        "linger.ms": tuning.linger_ms,
        # The broker's limit is per batch: small records must not add up to more than the smallest topic takes.
        "batch.size": SMALL_RECORD_MAX_BYTES // 2,
        "queue.buffering.max.kbytes": max(1, tuning.queue_bytes // 1024),
        "delivery.timeout.ms": int(tuning.delivery_timeout_s * 1000),
        "request.timeout.ms": int(min(REQUEST_TIMEOUT_S, tuning.delivery_timeout_s) * 1000),
        # The same partition for a key as every Java client would choose.
        "partitioner": "murmur2_random",
    }
