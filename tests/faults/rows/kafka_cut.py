"""One member is cut off from Kafka, and from Kafka alone: a zombie that is awake and goes on storing what it has."""

import time

from consumers.runtime.engine import EXIT_CRASHED
from infra.native.ports import free_ports
from tests.faults.fault_bench import SESSION_TIMEOUT_S, FaultBench
from tests.faults.private_servers import SecondListener, open_private_servers
from tests.faults.scenario import Measured
from tests.faults.stand_in_analysis import ANALYSIS
from tests.faults.watches import ObjectWatch
from tests.support.tcp_proxy import Mode, TcpProxy

LATENCY_S = 0.2
SLOW_S = 10
RESETS = 4
RESET_EVERY_S = 2.5
SILENT_S = 30
TAKEOVER_S = SESSION_TIMEOUT_S + 5
AFTERWARDS_S = 12


class KafkaCut:
    name = "one member's way to Kafka slow 10 s, reset 4 times, silent 30 s"
    expected = f"lost 0, second clip 0, nothing overwritten, takeover <= {TAKEOVER_S:.0f} s"
    is_quick = False

    def run(self, bench: FaultBench) -> Measured:
        """On servers of its own: the broker needs a second address, which leads through the proxy."""
        port = free_ports().kafka
        with (
            TcpProxy(port) as proxy,
            open_private_servers("cut", listener=SecondListener(port, proxy.port)) as servers,
            FaultBench(servers, bench.folder, bench.pace, bench.seed) as other,
        ):
            return self._play(other, proxy)

    def _play(self, bench: FaultBench, proxy: TcpProxy) -> Measured:
        bench.allowed_ends.add(EXIT_CRASHED)
        bench.start_indexer()
        direct = bench.member_variables["KAFKA_BOOTSTRAP_SERVERS"]
        bench.member_variables["KAFKA_BOOTSTRAP_SERVERS"] = f"127.0.0.1:{proxy.port}"
        victim = bench.start_member()
        bench.member_variables["KAFKA_BOOTSTRAP_SERVERS"] = direct
        bench.start_member()
        bench.cameras.start()
        bench.wait_all_cameras(0)
        bench.wait_for_work(victim, 5)
        with ObjectWatch(bench.checker.store, ANALYSIS) as objects:
            # 1. Slow.
            proxy.faults.latency_s = LATENCY_S
            time.sleep(bench.pace.times(SLOW_S, least=4))
            proxy.faults.latency_s = 0.0
            # 2. Broken now and then.
            for _ in range(RESETS):
                proxy.drop_all(reset=True)
                time.sleep(RESET_EVERY_S)
            # 3. Silent: nobody tells the member that it is out.
            silent_s = time.time()
            proxy.set_mode(Mode.HALF_OPEN)
            time.sleep(bench.pace.times(SILENT_S, least=12))
            proxy.set_mode(Mode.PASS)
            takeover_s = bench.wait_all_cameras(silent_s + 1.5) + 1.5
            bench.keep_running(2)
            time.sleep(AFTERWARDS_S)
            measured, books = bench.finish()
        measured.require(not objects.changed, f"objects changed: {objects.changed[:3]}")
        measured.require(takeover_s <= TAKEOVER_S, f"takeover took {takeover_s:.1f} s")
        measured.require(not books.letters, f"dead letters: {books.letters[:3]}")
        end = "lived on" if victim.is_running else f"ended with {victim.process.poll()}"
        return measured.add(f"takeover {takeover_s:.1f} s", f"the member {end}", f"overwritten {len(objects.changed)}")
