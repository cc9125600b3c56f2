"""SIGSTOP for longer than the session, a second member takes over, SIGCONT."""

import signal
import time

from tests.faults.fault_bench import FaultBench
from tests.faults.scenario import Measured
from tests.faults.stand_in_analysis import ANALYSIS
from tests.faults.watches import ObjectWatch

STOPPED_S = 30
AFTERWARDS_S = 12


class Zombie:
    name = "consumer SIGSTOP 30 s, then SIGCONT, with a second member"
    expected = "no premature, overwritten or missing clip; the zombie lives on"
    is_quick = False

    def run(self, bench: FaultBench) -> Measured:
        bench.start_indexer()
        bench.keep_running(2)
        bench.cameras.start()
        bench.wait_all_cameras(0)
        with ObjectWatch(bench.checker.store, ANALYSIS) as objects:
            # In the middle of windows, with both at work.
            time.sleep(bench.random.uniform(3, 8))
            victim = max(bench.members, key=lambda m: len(m.analysed(time.time() - 3)))
            stopped_s = time.time()
            victim.signal(signal.SIGSTOP)
            try:
                time.sleep(bench.pace.times(STOPPED_S, least=10))
                takeover_s = bench.wait_all_cameras(stopped_s + 1) + 1
            finally:
                victim.signal(signal.SIGCONT)
            time.sleep(AFTERWARDS_S)
            measured, books = bench.finish()
        measured.require(victim.is_running, f"the zombie ended with {victim.process.poll()}: {victim.log[-2000:]}")
        measured.require(not objects.changed, f"objects changed: {objects.changed[:3]}")
        measured.require(not books.letters, f"dead letters: {books.letters[:3]}")
        return measured.add(f"takeover {takeover_s:.1f} s", f"overwritten {len(objects.changed)}")
