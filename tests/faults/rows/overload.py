"""Three times what one thread with a 40 ms model can do: `live` cameras are sampled, others lag and catch up."""

import itertools
import time
from collections import defaultdict

from common.contracts.camera_settings import RECORDER
from common.contracts.detection import DetectionMessage
from common.contracts.frame import AnalysisRequest, Policy
from common.kafka.whole_topic import read_topic
from common.topics import DETECTIONS
from tests.faults.checker import Checker
from tests.faults.fault_bench import FaultBench
from tests.faults.scenario import Measured
from tests.faults.stand_in_analysis import ANALYSIS
from tests.faults.watches import UseWatch

MODEL_MS = 40.0
CAPACITY_FPS = 1000 / MODEL_MS
TIMES = 3.0
SECONDS = 60
CAMERAS = {"cam-a": 0, "cam-b": 3, "cam-c": 7, "cam-d": 11}
LIVE = ("cam-a", "cam-b", "cam-c")
EVERY_MS = 50
AGE_S = 15.0
"""Relief begins when a camera is 3 s behind and is strongest beyond 10 s (`consumers.runtime.overload`)."""
THIRDS = 3
GROWTH_MIB = 48
RECOVERY_S = 180.0


class Overload:
    name = "load three times the capacity for 60 s (40 ms model, one thread)"
    expected = (
        "memory flat, nothing lost, recovers; recorder clips complete; "
        f"age of the newest detection of `live` cameras <= {AGE_S:.0f} s"
    )
    is_quick = False

    def run(self, bench: FaultBench) -> Measured:
        seconds = bench.pace.times(SECONDS, least=20)
        cameras = bench.open_cameras(CAMERAS, (AnalysisRequest(ANALYSIS, EVERY_MS), AnalysisRequest(RECORDER)))
        cameras.fps = TIMES * CAPACITY_FPS / len(CAMERAS)
        cameras.policies = dict.fromkeys(LIVE, Policy.LIVE)
        recorded = Checker(bench.variables, RECORDER)
        bench.start_indexer()
        bench.start_member(threads=1, model="sleep", cost_ms=MODEL_MS)
        bench.start_member(threads=1, analysis=RECORDER)
        for camera in CAMERAS:
            cameras.send(camera)
        bench.wait_all_cameras(0)
        with UseWatch(bench) as use:
            begin_s = time.time()
            cameras.start()
            time.sleep(seconds)
            cameras.stop()
            end_s = time.time()
            took_s = bench.settle(RECOVERY_S, since_s=end_s, acknowledged=cameras.acknowledged)
            bench.wait_listed(recorded)
        sent = cameras.acknowledged
        measured, books = bench.judge(acknowledged=sent)
        of_recorder = recorded.check(sent)
        recorded.close()
        third_s = (end_s - begin_s) / 3
        growth_mib = use.most_mib - use.most_mib_between(begin_s, begin_s + third_s)
        ages = newest_ages(bench, begin_s, end_s)
        measured.problems += [f"recorder: {problem}" for problem in of_recorder.problems]
        measured.require(of_recorder.left_out == 0, f"the recorder left out {of_recorder.left_out} frames")
        measured.require(took_s <= RECOVERY_S, f"not caught up {RECOVERY_S:.0f} s after the load")
        measured.require(growth_mib <= GROWTH_MIB, f"memory grew by {growth_mib} MiB after the first third")
        measured.require(books.left_out + self._sampled(bench) > 0, "nothing was sampled out: there was no overload")
        measured.require(set(ages) == set(LIVE), f"detections of {sorted(ages)} only")
        thirds = [max((of_camera[n] for of_camera in ages.values()), default=0.0) for n in range(THIRDS)]
        measured.require(max(thirds) <= AGE_S, f"the newest detection was {max(thirds):.1f} s old")
        return measured.add(
            f"recorder lost {of_recorder.lost}, left out {of_recorder.left_out}",
            "newest detection at most " + ", ".join(f"{age:.1f}" for age in thirds) + " s old in each third",
            f"memory {use.most_mib} MiB, +{growth_mib} after the first third",
            f"caught up {took_s:.0f} s after the load",
        )

    def _sampled(self, bench: FaultBench) -> int:
        return sum(s.counts().get("sampled_out", 0) for s in bench.checker.sidecars())


def newest_ages(bench: FaultBench, begin_s: float, end_s: float) -> dict[str, list[float]]:
    """Live camera -> how old its newest detection was at most in each third of the load, seconds."""
    seen: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for record in read_topic(bench.checker.log, bench.kafka.topic(DETECTIONS)):
        message = DetectionMessage.model_validate_json(record.value or b"")
        if message.analysis == ANALYSIS and message.camera in LIVE:
            seen[message.camera].append((record.timestamp_ms / 1000, message.captured_us / 1e6))
    third_s = (end_s - begin_s) / THIRDS
    ages = {}
    for camera, pairs in seen.items():
        during = [(at, captured) for at, captured in sorted(pairs) if begin_s <= captured and at <= end_s]
        # A detection is the newest until the next one comes: it is oldest just then.
        waits = [(after[0], after[0] - before[1]) for before, after in itertools.pairwise(during)]
        if during:
            waits.append((end_s, end_s - during[-1][1]))
        ages[camera] = [
            max((age for at, age in waits if n * third_s <= at - begin_s <= (n + 1) * third_s), default=third_s)
            for n in range(THIRDS)
        ]
    return ages
