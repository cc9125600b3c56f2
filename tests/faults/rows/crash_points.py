"""kill -9 at each crash point: two members, each armed with a point, the dead one replaced by the next."""

import time
from collections.abc import Sequence

from tests.faults.crash_points import POINTS
from tests.faults.fault_bench import FaultBench
from tests.faults.member import Member
from tests.faults.scenario import QUICK, Measured
from tests.support.service_process import wait_until

ARMED_S = 90.0
"""A member that is given no partition cannot die at its point: it is helped after this long."""
QUICK_POINTS = ("after_put", "before_event", "after_commit")


class CrashPoints:
    name = "consumer kill -9 at each crash point"
    expected = "every point is reached; lost 0, second clip 0, torn clip 0"
    is_quick = True

    def run(self, bench: FaultBench) -> Measured:
        is_quick = bench.pace is QUICK
        if is_quick:
            bench.cameras.clip_ms = 2_000
        bench.start_indexer()
        bench.cameras.start()
        died = self._play(bench, QUICK_POINTS if is_quick else POINTS)
        bench.keep_running(1)
        bench.wait_for_work(bench.members[-1], 5, time.time() - 1)
        measured, books = bench.finish()
        measured.require(not books.letters, f"dead letters: {books.letters[:3]}")
        return measured.add(f"died at {', '.join(died)}")

    def _play(self, bench: FaultBench, points: Sequence[str]) -> list[str]:
        left = list(points)
        armed: list[Member] = []
        died: list[str] = []

        def step() -> bool:
            for member in list(armed):
                if not member.is_running:
                    assert member.crash_point is not None, f"died elsewhere: {member.log[-3000:]}"
                    died.append(member.crash_point)
                    armed.remove(member)
            while left and len(armed) < 2:
                armed.append(bench.start_member(crash=left.pop(0), crash_at=2))
            return not armed

        wait_until(step, f"all of {points} are reached", ARMED_S * max(1, len(points) // 2))
        return sorted(died, key=points.index)
