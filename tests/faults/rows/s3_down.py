"""The store is refused, silent, and killed, a third of the time each."""

import time

from tests.faults.fault_bench import FaultBench
from tests.faults.outage import play_outage, times_told
from tests.faults.scenario import Measured
from tests.support.tcp_proxy import Mode

DOWN_S = 60
SETTLE_S = 90.0


class S3Down:
    name = "S3 down 60 s (refused, half-open, killed)"
    expected = (
        f"acknowledged frames lost 0, recovery without hands, settled <= {SETTLE_S:.0f} s, memory and spool bounded, "
        "members say why they wait"
    )
    is_quick = False

    def run(self, bench: FaultBench) -> Measured:
        proxy = bench.s3_by_tcp()
        third_s = bench.pace.times(DOWN_S, least=6) / 3

        def down() -> None:
            proxy.set_mode(Mode.REFUSE)
            time.sleep(third_s)
            proxy.set_mode(Mode.HALF_OPEN)
            time.sleep(third_s)
            bench.servers.kill("s3")
            proxy.set_mode(Mode.RESET)
            time.sleep(third_s)
            bench.servers.revive("s3")
            proxy.set_mode(Mode.PASS)

        measured = play_outage(bench, down, SETTLE_S)
        telling = times_told(bench, "The object store")
        measured.require(telling > 0, "no status record says what is waited for")
        return measured.add(f"{telling} status records say why")
