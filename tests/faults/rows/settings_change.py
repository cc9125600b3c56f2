"""Clip length, picture size and settings' version change in mid-window, and the consumer is killed right after."""

import time

from tests.faults.fault_bench import FaultBench
from tests.faults.scenario import Measured

CHANGES = ((3_000, (640, 480)), (8_000, (480, 360)), (2_000, (320, 240)), (5_000, (640, 480)), (4_000, (320, 240)))
"""Clip length in ms and picture size (one shape: a clip keeps the size of its first frame and scales the others)."""


class SettingsChange:
    name = "clip length, picture size or settings changed in mid-window, then a crash"
    expected = "nothing lost, nothing twice"
    is_quick = False

    def run(self, bench: FaultBench) -> Measured:
        bench.start_indexer()
        bench.keep_running(2)
        bench.cameras.start()
        bench.wait_all_cameras(0)
        changes = CHANGES[: bench.pace.times(len(CHANGES))]
        for clip_ms, size in changes:
            time.sleep(bench.random.uniform(2, 5))
            bench.cameras.version += 1
            bench.cameras.clip_ms, bench.cameras.size = clip_ms, size
            time.sleep(bench.random.uniform(0, 1.5))
            working = [m for m in bench.members if m.is_running and m.analysed(time.time() - 2)]
            killed_s = time.time()
            bench.random.choice(working or [m for m in bench.members if m.is_running]).kill()
            bench.keep_running(2)
            bench.wait_all_cameras(killed_s)
        time.sleep(4)
        measured, books = bench.finish()
        lengths = sorted({s.length_ms for s in bench.checker.sidecars()})
        versions = {s.settings_version for s in bench.checker.sidecars()}
        measured.require(len(lengths) == len({5_000, *(c for c, _ in changes)}), f"lengths of clips: {lengths}")
        measured.require(not books.letters, f"dead letters: {books.letters[:3]}")
        return measured.add(f"{len(changes)} changes and kills", f"clips of {lengths} ms, {len(versions)} versions")
