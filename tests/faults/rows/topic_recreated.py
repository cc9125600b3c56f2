"""The topic of frames is deleted and made again while the consumer runs, and once while it is down."""

import time
from typing import Any

from confluent_kafka.cimpl import NewTopic

from common.topics import FRAMES, topic_specs
from tests.faults.cameras import Identity
from tests.faults.fault_bench import FaultBench
from tests.faults.scenario import Measured
from tests.support.service_process import wait_until

LIMIT_S = 60.0
UNREAD = 5


class TopicRecreated:
    name = "topic recreated"
    expected = (
        "what was open is stored, the new one is read from its start, what was gone is a gap record; "
        "at most one `~1` a camera: the window in which it happened"
    )
    is_quick = False

    def run(self, bench: FaultBench) -> Measured:
        topic = bench.kafka.topic(FRAMES)
        bench.start_indexer()
        (member,) = bench.keep_running(1)
        old_id = bench.checker.log.topic_id(topic)
        bench.cameras.start()
        bench.wait_all_cameras(0)
        time.sleep(8)
        bench.cameras.stop()
        # 1. Everything is read, the last windows are open.
        sent = {(d.partition, d.offset) for d in bench.cameras.acknowledged.values()}
        wait_until(lambda: sent <= {(s.partition, s.offset) for s in member.analysed()}, "all is read", LIMIT_S)
        self._recreate(bench)
        second = bench.open_cameras()
        self._send_until_taken(bench, second)
        second.start()
        time.sleep(8)
        second.stop()
        acknowledged = {*bench.cameras.acknowledged, *second.acknowledged}
        bench.settle(acknowledged=acknowledged)
        new_id = bench.checker.log.topic_id(topic)
        # 2. Down, frames unread, made again, and its first records expired: these nobody will read.
        statuses = [member.terminate()]
        self._recreate(bench)
        third = bench.open_cameras()
        self._send_until_taken(bench, third)
        for _ in range(UNREAD):
            for camera in third.session:
                third.send(camera)
        third.stop()
        gone, marks = self._expire(bench, third)
        bench.keep_running(1)
        third.start()
        bench.wait_all_cameras(time.time())
        time.sleep(4)
        third.stop()
        acknowledged |= set(third.acknowledged)
        bench.settle(acknowledged=acknowledged, gone=gone)
        measured, books = bench.judge(gone, acknowledged)
        third_id = bench.checker.log.topic_id(topic)
        # A broker forgets the group's positions together with the topic: the reason is then that of a first start.
        gaps = {
            (g.origin.topic_id, g.origin.partition, g.first_offset, g.next_offset)
            for g in books.gaps
            if g.reason in ("topic_recreated", "first_start")
        }
        wanted = {(third_id, partition, 0, mark) for partition, mark in marks.items()}
        ids = {s.origin.topic_id for s in bench.checker.sidecars()}
        measured.require(ids == {old_id, new_id, third_id}, f"clips of topics {ids}")
        measured.require(gaps == wanted, f"gaps {books.gaps}, not {wanted}")
        # A clip that was stored before the new topic was read does not account for the new topic's frames (rule 7).
        measured.problems = [problem for problem in measured.problems if not problem.endswith("is a remainder")]
        measured.require(books.conflicts <= len(third.session), f"{books.conflicts} remainders")
        measured.require(not any(statuses), f"the member left with {statuses}")
        return measured.add(f"gap records {sorted((p, f, n) for _, p, f, n in gaps)}")

    def _recreate(self, bench: FaultBench) -> None:
        admin = bench.admin
        (spec,) = [s for s in topic_specs(bench.place.prefix) if s.name == bench.kafka.topic(FRAMES)]
        for future in admin.delete_topics([spec.name], operation_timeout=LIMIT_S).values():
            future.result(LIMIT_S)

        def is_made() -> bool:
            new = NewTopic(spec.name, num_partitions=spec.partitions, replication_factor=1, config=spec.config)
            return all(future.exception(LIMIT_S) is None for future in admin.create_topics([new]).values())

        wait_until(is_made, "the topic is made again", LIMIT_S)

    def _send_until_taken(self, bench: FaultBench, cameras: Any) -> None:
        """A fresh producer asks for the topic anew; until the broker leads its partitions, sends are repeated."""
        for camera in cameras.session:
            cameras.send_and_wait(camera)

    def _expire(self, bench: FaultBench, cameras: Any) -> tuple[set[Identity], dict[int, int]]:
        """Delete the first records of each partition: the identities that are gone, and the new starts."""
        from confluent_kafka import TopicPartition as ClientPartition  # noqa: PLC0415

        admin, topic = bench.admin, bench.kafka.topic(FRAMES)
        marks = {d.partition: UNREAD // 2 + 1 for d in cameras.acknowledged.values()}
        targets = [ClientPartition(topic, partition, mark) for partition, mark in marks.items()]
        for future in admin.delete_records(targets).values():
            future.result(LIMIT_S)
        gone = {i for i, d in cameras.acknowledged.items() if d.offset < marks[d.partition]}
        return gone, marks
