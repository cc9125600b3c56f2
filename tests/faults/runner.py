"""Plays rows on private servers and keeps what a failed one left."""

import logging
import secrets
import shutil
import sys
import time
import traceback
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from infra.native.layout import REPOSITORY
from tests.faults.fault_bench import FaultBench
from tests.faults.private_servers import PrivateServers, open_private_servers
from tests.faults.scenario import Pace, Row, Scenario

LOGS = REPOSITORY / "var" / "fault-runs"
"""What failed rows leave: logs of members, of the indexer, what was analysed."""


def module_name(scenario: Scenario) -> str:
    """The word by which a row is asked for: the name of its file."""
    return type(scenario).__module__.rpartition(".")[2]


def play(turns: Sequence[tuple[Scenario, int]], pace: Pace, lanes: int = 1) -> list[Row]:
    """Each scenario with its seed, in this order; each lane with servers of its own. A row that raises has failed."""
    # The bench's own clients: that servers are gone is no news here.
    logging.getLogger("common.kafka.librdkafka").setLevel(logging.CRITICAL)
    waiting = deque(enumerate(turns))  # popleft is atomic: lanes share it without a lock
    rows: dict[int, Row] = {}

    def run_lane(number: int) -> None:
        with open_private_servers(f"lane-{number}") as servers:
            while True:
                try:
                    at, (scenario, seed) = waiting.popleft()
                except IndexError:
                    return
                rows[at] = play_one(servers, scenario, pace, seed)

    lanes = min(lanes, len(turns))
    with ThreadPoolExecutor(max(1, lanes), thread_name_prefix="lane") as pool:
        for future in [pool.submit(run_lane, number) for number in range(lanes)]:
            future.result()
    return [rows[at] for at in sorted(rows)]


def play_one(servers: PrivateServers, scenario: Scenario, pace: Pace, seed: int) -> Row:
    begin_s = time.monotonic()
    name = scenario.name if len(pace.seeds) == 1 else f"{scenario.name} (seed {seed})"
    tell(f"{name} ...")
    folder = LOGS / f"{time.strftime('%H%M%S')}-{module_name(scenario)}-{seed}-{secrets.token_hex(2)}"
    folder.mkdir(parents=True)
    try:
        with FaultBench(servers, folder, pace, seed) as bench:
            measured = scenario.run(bench)
        text, problems = measured.text, tuple(measured.problems)
    except Exception as error:  # noqa: BLE001 - whatever went wrong is the row's result
        (folder / "error.txt").write_text(traceback.format_exc(), encoding="utf-8")
        text, problems = "not carried out", (f"{type(error).__name__}: {str(error)[:3000]}",)
    if problems:
        tell(f"  see {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    row = Row(name, scenario.expected, text, problems, time.monotonic() - begin_s)
    tell(f"{name}: {'holds' if row.holds else 'FAILS'} ({row.seconds:.0f} s) {row.measured}")
    for problem in row.problems:
        tell(f"  {problem}")
    return row


def tell(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
