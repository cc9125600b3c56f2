"""Two workers put the same clip at the same moment, again and again."""

import contextlib
import dataclasses
import threading
from concurrent.futures import ThreadPoolExecutor

from common.clock import SystemClock
from common.contracts.sidecar import Origin
from common.contracts.window import Window
from common.contracts.work import StoredClip
from common.kafka.confluent import ConfluentProducer
from common.storage.probe import probe_store
from common.topics import CLIP_EVENTS
from consumers.pipeline.clip_store import VideoClipStore
from infra.native.jars import VERSITYGW
from tests.faults.cameras import grey_of
from tests.faults.checker import Checker
from tests.faults.fault_bench import FaultBench
from tests.faults.private_servers import open_private_servers
from tests.faults.scenario import Measured
from tests.unit.pipeline.making import CLEAN, START_MS, build_bench, make_frame, make_opening, make_picture

TIMES = 50
CLIP_MS = 2_000
FRAMES = 4
ANALYSIS = "recorder"
ORIGIN = Origin(topic="frames", topic_id="dG9waWMtaWQtMTIzNDU2", partition=3)


class TwoWriters:
    name = "two workers write the same clip, 50 times"
    expected = "one object, one record, conflicts 0"
    is_quick = False

    def run(self, bench: FaultBench) -> Measured:
        """On versitygw where it has been built: its create-only PUT is atomic. Else on s3proxy, whose is not."""
        if not VERSITYGW.is_file():
            return self._play(bench, "s3proxy")
        with (
            open_private_servers("gateway", "versitygw") as servers,
            FaultBench(servers, bench.folder, bench.pace, bench.seed) as other,
        ):
            return self._play(other, "versitygw")

    def _play(self, bench: FaultBench, server: str) -> Measured:
        bench.start_indexer()
        probe = probe_store(bench.checker.store)
        workers = [build_bench(bench.folder / f"writer-{number}", CLEAN) for number in range(2)]
        stores = [VideoClipStore(bench.checker.store, w.spool, probe.is_atomic, SystemClock()) for w in workers]
        producer = ConfluentProducer(bench.kafka)
        times = bench.pace.times(TIMES, least=10)
        outcomes: list[str] = []
        with ThreadPoolExecutor(2) as pool, contextlib.closing(producer):
            for number in range(times):
                window = Window(START_MS + number * CLIP_MS, CLIP_MS)
                frames = [
                    make_frame(at, make_picture(96, 64, grey_of(at)), log_ms=window.start_ms + step * 100)
                    for step in range(FRAMES)
                    for at in [number * FRAMES + step]
                ]
                opening = make_opening(ANALYSIS, window, ORIGIN)
                # The same frames; unlike in something, or whose object is stored could not be told.
                clips = [
                    worker.seal(frames, opening=dataclasses.replace(opening, settings_version=which + 1))
                    for which, worker in enumerate(workers)
                ]
                gate = threading.Barrier(2)

                def write(which: int, clips: list = clips, gate: threading.Barrier = gate) -> StoredClip:  # type: ignore[type-arg]
                    gate.wait(30)
                    return stores[which].store(clips[which])

                for stored in pool.map(write, range(2), timeout=60):
                    outcomes.append(stored.outcome)
                    for event in stored.announced:
                        producer.send_and_wait(bench.kafka.topic(CLIP_EVENTS), event.camera.encode(), event.to_json())
        checker = Checker(bench.variables, ANALYSIS)
        try:
            bench.wait_listed(checker)
            books = checker.check(())
        finally:
            checker.close()
        measured = Measured(books.figures, list(books.problems))
        counted = {outcome: outcomes.count(outcome) for outcome in sorted(set(outcomes))}
        measured.require(books.clips == times, f"{books.clips} objects of {times} windows")
        measured.require(counted == {"created": times, "covered": times}, f"outcomes {counted}")
        return measured.add(f"{times} times on {server} ({'atomic' if probe.is_atomic else 'not atomic'}): {counted}")
