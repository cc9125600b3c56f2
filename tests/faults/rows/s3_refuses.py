"""A random share of all S3 calls is answered 503, also while members take over."""

import time

from tests.faults.fault_bench import FaultBench
from tests.faults.scenario import Measured
from tests.support.http_proxy import Fault, no_faults, share_of_calls

SHARE = 0.3
SECONDS = 30


class S3Refuses:
    name = "30 % of S3 calls answered 503"
    expected = "every clip once"
    is_quick = False

    def run(self, bench: FaultBench) -> Measured:
        proxy = bench.s3_by_http()
        proxy.plan = share_of_calls(SHARE, Fault(answer=503), bench.seed)
        bench.start_indexer()
        bench.keep_running(2)
        bench.cameras.start()
        bench.wait_all_cameras(0)
        time.sleep(bench.pace.times(SECONDS, least=8))
        # Who takes over loads what is stored of every camera: dozens of calls in a row.
        killed_s = time.time()
        for member in bench.members:
            member.kill()
        bench.keep_running(2)
        takeover_s = bench.wait_all_cameras(killed_s)
        time.sleep(5)
        measured, _ = bench.finish()
        faulted, calls = proxy.faulted, proxy.calls
        proxy.plan = no_faults
        measured.require(faulted >= calls * SHARE / 2, f"only {faulted} of {calls} calls were refused")
        return measured.add(f"{faulted} of {calls} calls refused", f"takeover from both members {takeover_s:.1f} s")
