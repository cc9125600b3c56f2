"""The broker is killed and started again on its data."""

import time

from tests.faults.fault_bench import FaultBench
from tests.faults.outage import play_outage
from tests.faults.scenario import Measured

DOWN_S = 30
SETTLE_S = 60.0


class KafkaDown:
    name = "Kafka killed 30 s"
    expected = (
        f"acknowledged frames lost 0, recovery without hands, settled <= {SETTLE_S:.0f} s, memory and spool bounded"
    )
    is_quick = False

    def run(self, bench: FaultBench) -> Measured:
        def down() -> None:
            bench.servers.kill("kafka")
            time.sleep(bench.pace.times(DOWN_S, least=5))
            bench.servers.revive("kafka")

        return play_outage(bench, down, SETTLE_S)
