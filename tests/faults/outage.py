"""What outages have in common: the server goes, comes back, and everything settles by itself."""

import time
from collections.abc import Callable
from typing import Any

from common.contracts.consumer_status import ConsumerStatus
from common.kafka.whole_topic import read_topic
from common.topics import CONSUMER_STATUS
from tests.faults.fault_bench import FaultBench
from tests.faults.scenario import Measured
from tests.faults.watches import UseWatch

BEFORE_S = 8
AFTER_S = 5
MEMORY_MIB = 512
"""Of a member: pictures in flight are bounded by 512 MiB of decoded bytes, and this load has few."""
SPOOL_MIB = 64


def play_outage(bench: FaultBench, down: Callable[[], None], settle_s: float, **options: Any) -> Measured:
    """`down` blocks for the outage and ends with the server back. Settled: within `settle_s` of that moment, although
    the cameras send for 5 s more. `options`: of the members."""
    bench.start_indexer()
    bench.keep_running(2, **options)
    bench.cameras.start()
    bench.wait_all_cameras(0)
    time.sleep(BEFORE_S)
    with UseWatch(bench) as use:
        down()
        back_s = time.time()
        time.sleep(AFTER_S)
        bench.cameras.stop()
        took_s = bench.settle(settle_s + 60, since_s=back_s)
    measured, books = bench.judge()
    measured.require(took_s <= settle_s, f"settled only {took_s:.1f} s after the server was back")
    measured.require(use.most_mib <= MEMORY_MIB, f"a member held {use.most_mib} MiB")
    measured.require(use.spool_mib <= SPOOL_MIB, f"spools held {use.spool_mib} MiB")
    measured.require(not books.letters, f"dead letters: {books.letters[:3]}")
    measured.require(all(m.is_running for m in bench.members), "a member ended")
    return measured.add(
        f"settled {took_s:.1f} s after it was back",
        f"memory {use.most_mib} MiB, spool {use.spool_mib} MiB",
        f"{bench.cameras.retries} sends repeated",
    )


def times_told(bench: FaultBench, who: str) -> int:
    """How many status records of members say that `who` has not answered."""
    records = read_topic(bench.checker.log, bench.kafka.topic(CONSUMER_STATUS))
    reasons = [ConsumerStatus.model_validate_json(record.value or b"").reason or "" for record in records]
    return sum(f"{who} has not answered" in reason for reason in reasons)
