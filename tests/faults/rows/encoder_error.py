"""The encoder of the member at work fails for a while."""

import time

from tests.faults.fault_bench import FaultBench
from tests.faults.scenario import Measured
from tests.support.service_process import wait_until

FAILS_S = 4


class EncoderError:
    name = "encoder error"
    expected = "restart_partition with its reason, recovery, nothing lost"
    is_quick = False
    wish = "fail"
    reason = "the encoder fails on request"

    def run(self, bench: FaultBench) -> Measured:
        bench.start_indexer()
        (member,) = bench.keep_running(1)
        bench.cameras.start()
        bench.wait_all_cameras(0)
        time.sleep(bench.random.uniform(4, 8))
        member.encoder(self.wish)
        try:
            wait_until(lambda: "partition restarts" in member.log, f"a partition restarts {member.log[-1500:]}")
            time.sleep(FAILS_S)
        finally:
            member.encoder("ok")
        back_s = time.time()
        took_s = bench.wait_all_cameras(back_s)
        time.sleep(5)
        measured, books = bench.finish()
        restarts = [line for line in member.log.splitlines() if "partition restarts" in line]
        measured.require(any(self.reason in line for line in restarts), f"no reason in {restarts[:2]}")
        measured.require(member.is_running, f"the member ended with {member.process.poll()}")
        measured.require(not books.letters, f"dead letters: {books.letters[:3]}")
        return measured.add(f"{len(restarts)} restarts of partitions", f"at work again after {took_s:.1f} s")
