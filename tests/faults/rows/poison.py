"""The poison corpus among healthy frames, and what each of its files costs the decoder."""

import json
import subprocess
import sys
import time

from infra.native.layout import REPOSITORY
from tests.faults.cameras import CAMERAS
from tests.faults.fault_bench import FaultBench
from tests.faults.poison_corpus import corpus
from tests.faults.scenario import Measured

DECODE_MS = 250.0
DECODE_MIB = 64.0
LEAST_BAD = 40
HEALTHY_PER_BAD = 7
"""More than a fifth of bad frames would rightly stop the consumer."""
EVERY_S = 0.04


class Poison:
    name = f"poison corpus (at least {LEAST_BAD} bad files)"
    expected = (
        "pool alive, healthy frames lost 0, dead letters = bad frames, "
        f"no decode over {DECODE_MS:.0f} ms or {DECODE_MIB:.0f} MiB"
    )
    is_quick = True

    def run(self, bench: FaultBench) -> Measured:
        bench.start_indexer()
        (member,) = bench.keep_running(1)
        bench.cameras.clip_ms = 2_000
        for camera in CAMERAS:
            for _ in range(HEALTHY_PER_BAD):
                bench.cameras.send(camera)
        bench.wait_for_work(member, 4)
        bad = [file for file in corpus() if file.is_bad]
        names = list(CAMERAS)
        for number, file in enumerate(bad):
            for step in range(HEALTHY_PER_BAD):
                bench.cameras.send(names[(number + step) % len(names)])
            bench.cameras.send(names[number % len(names)], file.data, is_healthy=False)
            time.sleep(EVERY_S)
        costs = self._costs()
        measured, books = bench.finish()
        refused = {(letter.partition, letter.offset) for letter in books.letters}
        sent = {(delivery.partition, delivery.offset) for delivery in bench.cameras.bad.values()}
        slowest, largest = max(costs, key=lambda c: c["ms"]), max(costs, key=lambda c: c["grew_kib"] or 0)
        largest_mib = (largest["grew_kib"] or 0) / 1024
        measured.require(len(bad) >= LEAST_BAD, f"only {len(bad)} bad files")
        measured.require(
            refused == sent, f"letters without bad frame {refused - sent}, bad without letter {sent - refused}"
        )
        measured.require(member.is_running, f"the consumer ended with {member.process.poll()}")
        measured.require(slowest["ms"] <= DECODE_MS, f"{slowest['name']} took {slowest['ms']} ms")
        measured.require(largest_mib <= DECODE_MIB, f"{largest['name']} took {largest_mib:.0f} MiB")
        for cost in costs:
            is_refused = cost["reason"] is not None
            measured.require(is_refused or not cost["is_bad"], f"{cost['name']} was decoded")
        return measured.add(
            f"{len(bad)} bad files",
            f"slowest of {len(costs)} decodes {slowest['ms']:.0f} ms, largest {largest_mib:.0f} MiB",
        )

    def _costs(self) -> list[dict[str, float]]:
        command = [sys.executable, "-m", "tests.faults.poison_decode"]
        answer = subprocess.run(command, cwd=REPOSITORY, capture_output=True, timeout=120, check=True)
        found: list[dict[str, float]] = json.loads(answer.stdout)
        return found
