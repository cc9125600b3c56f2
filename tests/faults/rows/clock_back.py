"""The broker's clock is set back: LogAppendTime from a fake log, the real engine with its threads."""

import contextlib
import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator

from common.clock import SystemClock
from common.contracts.frame import AnalysisRequest, FrameHeaders, encode_headers
from common.kafka.memory.cluster import MemoryCluster
from common.metrics import Metrics
from consumers.runtime.engine import EXIT_STOPPED, build_engine
from consumers.runtime.settings import EngineSettings
from tests.faults.fault_bench import FaultBench
from tests.faults.scenario import Measured
from tests.support.fake_workload import FakeBucket, FakeClipStore, FakeWorkload
from tests.support.noted_hang import NotedHang
from tests.support.service_process import wait_until

STEPS_S = (1.0, 3_600.0)
ALARM_FROM_S = 600.0
FPS = 20.0
FRAMES = 60
CLIP_MS = 2_000
CAMERAS = ("cam-a", "cam-b")
SESSION = "session-0123456789"


class SteppedClock(SystemClock):
    """The machine's clock, whose wall time a test sets back."""

    def __init__(self) -> None:
        self.back_s = 0.0

    def wall_us(self) -> int:
        return super().wall_us() - round(self.back_s * 1_000_000)


class Alarms(logging.Handler):
    """Collects what the runtime says at level error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


class ClockBack:
    name = "broker clock stepped back 1 s and 1 h (LogAppendTime of a fake log)"
    expected = "nothing lost, nothing twice, an alarm at the second"
    is_quick = True

    def run(self, bench: FaultBench) -> Measured:
        measured = Measured("")
        for back_s in STEPS_S:
            self._play(bench, back_s, measured)
        return measured

    def _play(self, bench: FaultBench, back_s: float, measured: Measured) -> None:
        clock, bucket = SteppedClock(), FakeBucket()
        cluster = MemoryCluster(clock, longest_wait_s=0.05)
        for topic in ("frames", "clip-events", "dead-letters", "consumer-status"):
            cluster.create_topic(topic, 1, 10_000_000)
        store, hang = FakeClipStore(bucket), NotedHang()
        engine = build_engine(
            EngineSettings(analysis="recorder", threads=2, commit_every_s=0.2),
            cluster.consumer("recorder"),
            cluster.reader(),
            cluster.producer(),
            FakeWorkload(time.sleep),
            store,
            Metrics(),
            SystemClock(),
            die=hang,
        )
        statuses: list[int] = []
        runner = threading.Thread(target=lambda: statuses.append(engine.run()), name="engine")
        with heard_alarms() as alarms:
            runner.start()
            for number in range(FRAMES):
                if number == FRAMES // 2:
                    clock.back_s = back_s
                for camera in CAMERAS:
                    cluster.append("frames", 0, camera.encode(), b"jpeg", encode_headers(make_headers(number)))
                time.sleep(1 / FPS)
            sent = {(camera, (SESSION, number)) for camera in CAMERAS for number in range(FRAMES)}
            with contextlib.suppress(AssertionError):
                wait_until(lambda: sent <= set(bucket.frames()), "all frames are stored", 30)
            engine.stop()
            runner.join(60)
        held = Counter(bucket.frames())
        lost, second = len(sent - set(held)), sum(times > 1 for times in held.values())
        jumps = sum("jumped back" in said for said in alarms.said)
        expects_alarm = back_s >= ALARM_FROM_S
        name = f"{back_s:.0f} s back"
        measured.require(lost == 0, f"{name}: {lost} frames lost")
        measured.require(second == 0, f"{name}: {second} frames in two clips")
        measured.require((jumps > 0) == expects_alarm, f"{name}: {jumps} alarms")
        measured.require(hang.problem is None, f"{name}: {hang.problem}")
        measured.require(statuses == [EXIT_STOPPED], f"{name}: the engine ended with {statuses}")
        measured.add(
            f"{name}: {len(sent)} frames, {len(bucket.objects)} clips, lost {lost}, second {second}, alarms {jumps}"
        )


def make_headers(seq: int) -> FrameHeaders:
    now_us = time.time_ns() // 1000
    return FrameHeaders(SESSION, seq, now_us, now_us, 64, 48, 1, (AnalysisRequest("recorder"),), CLIP_MS)


@contextlib.contextmanager
def heard_alarms() -> Iterator[Alarms]:
    """What the runtime says at level error meanwhile."""
    alarms, runtime = Alarms(), logging.getLogger("consumers.runtime")
    runtime.addHandler(alarms)
    try:
        yield alarms
    finally:
        runtime.removeHandler(alarms)
