"""One frame kills every process that decodes it."""

import signal
import time

from tests.faults.cameras import make_jpeg
from tests.faults.fault_bench import FaultBench
from tests.faults.scenario import Measured
from tests.support.service_process import wait_until

GREY = 245
"""No other frame is that bright."""
LIMIT_S = 180.0
DEATHS_MAX = 8


class DeadlyFrame:
    name = "a frame that kills the process"
    expected = "it alone is dead-lettered, neighbours are in their clips"
    is_quick = False

    def run(self, bench: FaultBench) -> Measured:
        bench.start_indexer()
        bench.keep_running(1, deadly=GREY)
        bench.cameras.start()
        bench.wait_all_cameras(0)
        time.sleep(bench.random.uniform(3, 7))
        sent_s = time.time()
        delivery = bench.cameras.send_and_wait("cam-a", make_jpeg(GREY), is_healthy=False)

        def is_refused() -> bool:
            bench.keep_running(1, deadly=GREY)
            assert len(bench.members) <= DEATHS_MAX + 1, "the process dies again and again"
            return len(bench.checker.letters()) > 0

        wait_until(is_refused, "the frame is dead-lettered", LIMIT_S)
        took_s = time.time() - sent_s
        time.sleep(6)
        measured, books = bench.finish()
        found = [(letter.partition, letter.offset, letter.reason) for letter in books.letters]
        deaths = sum(member.process.poll() == -signal.SIGKILL for member in bench.members)
        measured.require(
            found == [(delivery.partition, delivery.offset, "kills_process")], f"dead letters: {found}, not {delivery}"
        )
        return measured.add(f"dead-lettered after {deaths} deaths and {took_s:.0f} s")
