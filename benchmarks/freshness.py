"""How soon clips can be seen, and whether the lag grows, over minutes: two demo cameras, 10 frames/s, three consumers.

    python -m benchmarks.freshness --minutes 5

Starts a system of its own on free ports. Prints one line a minute and one JSON line at the end. `make smoke` measures
the same over 45 s.
"""

import argparse
import json
import statistics
import sys

from tests.e2e.checks.promptness import freshness_p95_s, last_clip_delay_s
from tests.e2e.scenario import CLIP_MS, Evidence, opened_scenario, temporary_system
from tests.e2e.verdict import exactly_once, figures


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.freshness", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0, help="how long the cameras send (5)")
    given = parser.parse_args(arguments)
    with (
        temporary_system(lambda line: print(line, file=sys.stderr)) as system,
        opened_scenario(system.stack) as scenario,
    ):
        evidence = scenario.run(given.minutes * 60, MinuteTicker())
        print_lag(evidence)
        lost = exactly_once(evidence)
        by_analysis = {
            analysis: {
                "p95_s": round(freshness_p95_s(listings), 2),
                "last_clip_s": round(last_clip_delay_s(listings), 2),
                "after_window_median_s": round(statistics.median(one.after_window_s for one in listings), 2),
            }
            for analysis in sorted({one.analysis for one in evidence.listings})
            for listings in [[one for one in evidence.listings if one.analysis == analysis]]
        }
        bound_s = CLIP_MS / 1000 + 3
        print(json.dumps({"bound_s": bound_s, "by_analysis": by_analysis, "lost": len(lost), **figures(evidence)}))
    return 1 if lost else 0


class MinuteTicker:
    """Says every minute that it is still at it."""

    def __init__(self) -> None:
        self._minutes = 0

    def __call__(self, after_s: float) -> None:
        if after_s // 60 > self._minutes:
            self._minutes += 1
            print(f"{self._minutes} min", file=sys.stderr, flush=True)


def print_lag(evidence: Evidence) -> None:
    """One line a minute: records behind, by analysis."""
    for sample in evidence.lags:
        if round(sample.after_s) % 60 < 5:
            print(f"{sample.after_s:6.0f} s  {sample.analysis:14} {sample.messages:6.0f} behind", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
