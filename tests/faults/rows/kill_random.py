"""kill -9 at random moments, two members, the dead one started again."""

import time

from tests.faults.fault_bench import SESSION_TIMEOUT_S, FaultBench
from tests.faults.scenario import Measured

KILLS = 20
TAKEOVER_S = SESSION_TIMEOUT_S + 5


class KillRandom:
    name = "consumer kill -9, 20 times at random"
    expected = f"lost 0, second clip 0, torn clip 0, takeover <= {TAKEOVER_S:.0f} s, dead letters 0"
    is_quick = False

    def run(self, bench: FaultBench) -> Measured:
        bench.start_indexer()
        bench.keep_running(2)
        bench.cameras.start()
        bench.wait_all_cameras(0)
        takeovers = []
        for _ in range(bench.pace.times(KILLS, least=2)):
            time.sleep(bench.random.uniform(0, 3))
            working = [m for m in bench.members if m.is_running and m.analysed(time.time() - 2)]
            victim = bench.random.choice(working or [m for m in bench.members if m.is_running])
            killed_s = time.time()
            victim.kill()
            bench.keep_running(2)
            takeovers.append(bench.wait_all_cameras(killed_s))
        measured, books = bench.finish()
        measured.require(not books.letters, f"dead letters: {books.letters[:3]}")
        measured.require(max(takeovers) <= TAKEOVER_S, f"takeover took {max(takeovers):.1f} s")
        return measured.add(
            f"{len(takeovers)} kills", f"takeover {_median(takeovers):.1f} s, at most {max(takeovers):.1f} s"
        )


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]
