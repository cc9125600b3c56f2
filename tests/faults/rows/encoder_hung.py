"""An encoder hangs: the watchdog ends the process, the supervisor starts another."""

import time

from consumers.runtime.engine import EXIT_CRASHED
from tests.faults.fault_bench import FaultBench
from tests.faults.scenario import Measured
from tests.support.service_process import wait_until

STEP_WITHIN_S = 10.0
"""Instead of 60 s: how long one step of one thread may take before the watchdog acts."""


class EncoderHung:
    name = "hung encoder"
    expected = f"the process ends with {EXIT_CRASHED}, says where it hangs, and its successor loses nothing"
    is_quick = False

    def run(self, bench: FaultBench) -> Measured:
        bench.allowed_ends.add(EXIT_CRASHED)
        bench.start_indexer()
        (member,) = bench.keep_running(1, engine={"step_within_s": STEP_WITHIN_S})
        bench.cameras.start()
        bench.wait_all_cameras(0)
        time.sleep(bench.random.uniform(4, 8))
        hung_s = time.time()
        member.encoder("hang")
        wait_until(lambda: not member.is_running, "the watchdog acts", 60)
        ended_s = time.time() - hung_s
        bench.keep_running(1)
        bench.wait_all_cameras(time.time())
        took_s = time.time() - hung_s
        time.sleep(5)
        measured, books = bench.finish()
        status = member.process.poll()
        measured.require(status == EXIT_CRASHED, f"it ended with {status}")
        measured.require("member_process.py" in member.log and "in apply" in member.log, "no stack shows where it hung")
        measured.require(not books.letters, f"dead letters: {books.letters[:3]}")
        return measured.add(f"ended with {status} after {ended_s:.1f} s", f"all at work again after {took_s:.1f} s")
