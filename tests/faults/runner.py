"""Plays rows on private servers, one after another, and keeps what a failed one left."""

import logging
import shutil
import sys
import time
import traceback
from collections.abc import Iterable

from infra.native.layout import REPOSITORY
from tests.faults.fault_bench import FaultBench
from tests.faults.private_servers import PrivateServers, open_private_servers
from tests.faults.scenario import Pace, Row, Scenario

LOGS = REPOSITORY / "var" / "fault-runs"
"""What failed rows leave: logs of members, of the indexer, what was analysed."""


def module_name(scenario: Scenario) -> str:
    """The word by which a row is asked for: the name of its file."""
    return type(scenario).__module__.rpartition(".")[2]


def play(scenarios: Iterable[Scenario], pace: Pace, seed: int, name: str = "run") -> list[Row]:
    """All rows on one set of servers. A row that raises has failed."""
    # The bench's own clients: that servers are gone is no news here.
    logging.getLogger("common.kafka.librdkafka").setLevel(logging.CRITICAL)
    rows = []
    with open_private_servers(name) as servers:
        for scenario in scenarios:
            tell(f"{module_name(scenario)} ...")
            row = play_one(servers, scenario, pace, seed)
            tell(f"{module_name(scenario)}: {'holds' if row.holds else 'FAILS'} ({row.seconds:.0f} s) {row.measured}")
            for problem in row.problems:
                tell(f"  {problem}")
            rows.append(row)
    return rows


def play_one(servers: PrivateServers, scenario: Scenario, pace: Pace, seed: int) -> Row:
    begin_s = time.monotonic()
    folder = LOGS / f"{time.strftime('%H%M%S')}-{module_name(scenario)}-{seed}"
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
    return Row(scenario.name, scenario.expected, text, problems, time.monotonic() - begin_s)


def tell(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
