"""Uploads of clips are cut at 10, 50 and 90 % of their body, and some answers withheld."""

import itertools
import threading
import time
from collections import Counter

from tests.faults.fault_bench import FaultBench
from tests.faults.scenario import Measured
from tests.faults.stand_in_analysis import ANALYSIS
from tests.faults.watches import ObjectWatch
from tests.support.http_proxy import NO_FAULT, Call, Fault

FAULTS = (
    Fault(cut_upload=0.1),
    Fault(cut_upload=0.5),
    Fault(cut_upload=0.9),
    Fault(withhold_answer=True),
)
SECONDS = 30


class UploadCut:
    name = "upload cut at 10/50/90 %, or its answer withheld"
    expected = "every clip once, no visible partial object"
    is_quick = False

    def run(self, bench: FaultBench) -> Measured:
        proxy = bench.s3_by_http()
        series, lock = itertools.cycle(FAULTS), threading.Lock()  # guards series and count: calls come on many threads
        seen: Counter[str] = Counter()

        def plan(call: Call) -> Fault:
            """Each clip's first two uploads fail, in turn in every way."""
            if call.method != "PUT" or ".mp4" not in call.path:
                return NO_FAULT
            with lock:
                seen[call.path] += 1
                return next(series) if seen[call.path] <= 2 else NO_FAULT

        proxy.plan = plan
        bench.start_indexer()
        bench.keep_running(2)
        bench.cameras.start()
        bench.wait_all_cameras(0)
        with ObjectWatch(bench.checker.store, ANALYSIS) as objects:
            time.sleep(bench.pace.times(SECONDS, least=8))
            measured, _ = bench.finish()
        measured.require(not objects.changed, f"seen in more than one state: {objects.changed[:3]}")
        return measured.add(f"{proxy.faulted} uploads cut", f"partial objects seen {len(objects.changed)}")
