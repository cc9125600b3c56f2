"""Retention passes the group's position while the consumer is down."""

import time

from confluent_kafka import TopicPartition as ClientPartition

from common.topics import FRAMES
from tests.faults.fault_bench import FaultBench
from tests.faults.group_offsets import committed
from tests.faults.scenario import Measured
from tests.faults.stand_in_analysis import ANALYSIS

LIMIT_S = 60.0
DOWN_S = 10


class Retention:
    name = "retention passed the group's offset"
    expected = "a gap record with the right offsets, never a silent skip; the rest is stored"
    is_quick = False

    def run(self, bench: FaultBench) -> Measured:
        bench.start_indexer()
        (member,) = bench.keep_running(1)
        bench.cameras.start()
        bench.wait_all_cameras(0)
        time.sleep(8)
        status = member.terminate()
        time.sleep(DOWN_S)
        # Half of what nobody has read expires, in every partition.
        positions = committed(bench, ANALYSIS, FRAMES)
        deliveries = dict(bench.cameras.acknowledged)
        lows: dict[int, int] = {}
        for partition in {d.partition for d in deliveries.values()}:
            last = max(d.offset for d in deliveries.values() if d.partition == partition)
            lows[partition] = (positions.get(partition, 0) + last) // 2
        admin = bench.admin
        targets = [ClientPartition(bench.kafka.topic(FRAMES), p, low) for p, low in lows.items()]
        for future in admin.delete_records(targets).values():
            future.result(LIMIT_S)
        restarted_s = time.time()
        bench.keep_running(1)
        bench.wait_all_cameras(restarted_s)
        time.sleep(6)
        bench.cameras.stop()
        swallowed = {
            identity
            for identity, d in bench.cameras.acknowledged.items()
            if positions.get(d.partition, 0) <= d.offset < lows[d.partition]
        }
        took_s = bench.settle(gone=swallowed)
        # What the first member had stored of the swallowed ones is stored, and no loss.
        measured, books = bench.judge(swallowed)
        gaps = {(g.origin.partition, g.first_offset, g.next_offset, g.reason) for g in books.gaps}
        wanted = {(p, positions.get(p, 0), low, "expired") for p, low in lows.items()}
        measured.require(gaps == wanted, f"gaps {gaps}, not {wanted}")
        measured.require(status == 0, f"the member left with {status}")
        return measured.add(
            f"{len(swallowed)} frames gone, gap records {sorted((p, f, n) for p, f, n, _ in gaps)}",
            f"settled {took_s:.1f} s",
        )
