"""The database is killed and started again on its data."""

import time

from tests.faults.fault_bench import FaultBench
from tests.faults.outage import play_outage
from tests.faults.scenario import Measured

DOWN_S = 30
SETTLE_S = 60.0


class MongoDown:
    name = "Mongo-wire server down 30 s"
    expected = f"acknowledged frames lost 0, every clip listed, settled <= {SETTLE_S:.0f} s"
    is_quick = False

    def run(self, bench: FaultBench) -> Measured:
        def down() -> None:
            bench.servers.kill("mongo")
            time.sleep(bench.pace.times(DOWN_S, least=5))
            bench.servers.revive("mongo")

        return play_outage(bench, down, SETTLE_S)
