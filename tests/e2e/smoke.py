"""`make smoke`: the whole system on free ports and in a temporary folder, checked; one JSON line, and an exit status.

What is wrong is told on standard error, one line each; the JSON line is the last on standard output.
"""

import json
import sys
import time
from typing import Any

from infra.native.setup import SETUP_RECORD
from infra.native.stack import Stack, StackFailed
from tests.e2e.scenario import opened_scenario, temporary_system
from tests.e2e.verdict import (
    Finding,
    answers_ranges,
    exactly_once,
    figures,
    folder_mb,
    prompt,
    right_findings,
    sound_files,
)

SECONDS = 45.0
"""Four whole clips of 10 s, and every plate of the demo once."""


def main() -> int:
    begin_s = time.monotonic()
    try:
        with temporary_system(tell) as system:
            result, findings = prove(system.stack, begin_s)
            system.keeps_folder = bool(findings)
    except StackFailed as error:
        tell(str(error))
        result, findings = {}, [Finding("start", str(error).partition("\n")[0])]
    for finding in findings:
        tell(f"FAILED {finding.check}: {finding.problem}")
    failed_checks = sorted({finding.check for finding in findings})
    sys.stdout.write(json.dumps({"ok": not findings, "failed": failed_checks, **result}) + "\n")
    return 1 if findings else 0


def prove(stack: Stack, begin_s: float) -> tuple[dict[str, Any], list[Finding]]:
    """Run the cameras and judge what they left: the figures, and what is wrong."""
    start_s = time.monotonic() - begin_s
    with opened_scenario(stack) as scenario:
        tell(f"cameras send for {SECONDS:.0f} s")
        evidence = scenario.run(SECONDS)
        tell(f"checking {len(evidence.clips)} clips")
        findings = [
            *exactly_once(evidence),
            *sound_files(evidence.clips),
            *right_findings(evidence),
            *answers_ranges(scenario.person, evidence.clips),
            *prompt(evidence),
        ]
        first_s = scenario.first_listed_s
        result = {
            "first_clip_s": None if first_s is None else round(first_s - begin_s, 1),
            "start_s": round(start_s, 1),
            "setup_s": setup_seconds(),
            "disk_mb": folder_mb(stack.system.var.root),
            **figures(evidence),
        }
    return result, findings


def setup_seconds() -> float | None:
    """How long the last `make setup` took that had something to do; None when it left no record."""
    try:
        return float(SETUP_RECORD.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def tell(line: str) -> None:
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
