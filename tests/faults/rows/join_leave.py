"""Members that come and go every 5 s."""

import time

from tests.faults.fault_bench import FaultBench
from tests.faults.scenario import Measured
from tests.faults.watches import longest_silence_s

SECONDS = 60
EVERY_S = 5.0
SILENCE_S = 16.0
"""Windows of 5 s that all end at the same moment, and a rebalance or two in between."""
LEAVE_S = 15.0


class JoinLeave:
    name = "members join and leave every 5 s for 60 s"
    expected = f"lost 0, duplicates 0, never {SILENCE_S:.0f} s without a clip, each leaves within {LEAVE_S:.0f} s"
    is_quick = False

    def run(self, bench: FaultBench) -> Measured:
        bench.start_indexer()
        bench.keep_running(1)
        bench.cameras.start()
        bench.wait_all_cameras(0)
        time.sleep(6)
        begin_s, leaves, statuses = time.time(), list[float](), list[int]()
        while time.time() - begin_s < bench.pace.times(SECONDS, least=15):
            step_s = time.monotonic()
            running = [m for m in bench.members if m.is_running]
            if len(running) < 2:
                bench.start_member()
            else:
                leaver = bench.random.choice(running)
                asked_s = time.monotonic()
                statuses.append(leaver.terminate())
                leaves.append(time.monotonic() - asked_s)
            time.sleep(max(0.0, EVERY_S - (time.monotonic() - step_s)))
        end_s = time.time()
        measured, books = bench.finish()
        silence_s = longest_silence_s(bench.checker.event_times(), begin_s, end_s)
        measured.require(silence_s <= SILENCE_S, f"no clip for {silence_s:.1f} s")
        measured.require(not any(statuses), f"members left with {statuses}")
        measured.require(max(leaves, default=0) <= LEAVE_S, f"a member took {max(leaves, default=0):.1f} s to leave")
        measured.require(not books.letters, f"dead letters: {books.letters[:3]}")
        return measured.add(
            f"{len(bench.members) - 1} joins, {len(leaves)} leaves of at most {max(leaves, default=0):.1f} s",
            f"longest without a clip {silence_s:.1f} s",
        )
