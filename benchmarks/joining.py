"""Several consumer processes of one group that are to begin together."""

import itertools
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from confluent_kafka.admin import AdminClient

from benchmarks.worker import Worker
from common.settings import KafkaSettings
from common.topics import FRAMES

JOIN_LIMIT_S = 90.0
SETTLED_S = 4.0
"""A cooperative rebalance is over in two rounds, and between them all looks settled."""
LOOK_S = 0.5
ADMIN_S = 10.0


@contextmanager
def joined_and_stopped(settings: KafkaSettings, workers: Sequence[Worker]) -> Iterator[list[int]]:
    """The processes share out the partitions, and stand (SIGSTOP) while frames are written: a change of owners in the
    middle would do work twice, and who writes would take CPU from them.

    Yields the partitions, one of each process, then another of each, and so on: in that order cameras are shared out
    evenly. Raises RuntimeError when they do not join.
    """
    shares = await_shares(settings, workers)
    for worker in workers:
        worker.process.send_signal(signal.SIGSTOP)
    try:
        yield in_turns_of(shares)
    finally:
        for worker in workers:
            worker.process.send_signal(signal.SIGCONT)


def in_turns_of(shares: Sequence[Sequence[int]]) -> list[int]:
    """One partition of each share, then another of each that has one left, and so on."""
    rounds = itertools.zip_longest(*shares)
    return [partition for one in rounds for partition in one if partition is not None]


def await_shares(settings: KafkaSettings, workers: Sequence[Worker]) -> list[tuple[int, ...]]:
    """The partitions of the frames that each process has, once these have been the same for a while, at least one."""
    admin, topic = AdminClient(settings.client_config()), settings.topic(FRAMES)
    limit_s = time.monotonic() + JOIN_LIMIT_S
    before: list[tuple[int, ...]] = []
    since_s = time.monotonic()
    while True:
        shares = shares_of(admin, topic)
        now_s = time.monotonic()
        if shares != before or len(shares) != len(workers):
            before, since_s = shares, now_s
        elif now_s - since_s >= SETTLED_S:
            return shares
        ended = [worker for worker in workers if not worker.is_running]
        if ended or now_s > limit_s:
            raise RuntimeError(f"the partitions are shared out as {shares}\n{(ended or workers)[0].log_tail()}")
        time.sleep(LOOK_S)


def shares_of(admin: AdminClient, topic: str) -> list[tuple[int, ...]]:
    """The partitions of a topic that each member has, whatever its group is called; members without any left out."""
    groups = admin.list_consumer_groups(request_timeout=ADMIN_S).result().valid
    if not groups:
        return []
    found = admin.describe_consumer_groups([group.group_id for group in groups], request_timeout=ADMIN_S)
    members = [member for future in found.values() for member in future.result().members]
    shares = (
        sorted(one.partition for one in member.assignment.topic_partitions if one.topic == topic) for member in members
    )
    return sorted(tuple(share) for share in shares if share)
