"""`python -m tests.faults [--quick|--full] [--json] [--seed N] [--lanes N] [--model KIND] [NAME...]`.

Plays the fault table and prints what was measured.

NAME: the file of a row in tests/faults/rows/, without `.py`. Exit status 1 when a row failed, 2 for an unknown name.
"""

import argparse
import json
import os
import sys

from tests.faults.registry import SCENARIOS, turns_of
from tests.faults.runner import module_name, play
from tests.faults.scenario import FULL, QUICK, STANDARD, to_table
from tests.faults.stand_in_analysis import MODEL_VARIABLE


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("names", metavar="NAME", nargs="*", help="rows to play (default: all)")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--quick", action="store_true", help="the quick rows only, shortened")
    length.add_argument("--full", action="store_true", help="unattended: every row with five seeds, long mixtures")
    parser.add_argument("--json", action="store_true", help="JSON instead of a table")
    parser.add_argument("--seed", type=int, default=None, help="of random moments and choices")
    parser.add_argument("--lanes", type=int, default=1, help="rows played side by side, each with its own servers")
    parser.add_argument("--model", choices=("cpu", "sleep"), help="computes, or waits (default: cpu, or as a row says)")
    parser.add_argument("--list", action="store_true", help="names of all rows, and end")
    arguments = parser.parse_args()
    names = [module_name(scenario) for scenario in SCENARIOS]
    if arguments.list:
        print("\n".join(f"{module_name(scenario):20} {scenario.name}" for scenario in SCENARIOS))
        return 0
    if arguments.model is not None:
        os.environ[MODEL_VARIABLE] = arguments.model
    unknown = sorted(set(arguments.names) - set(names))
    if unknown:
        print(f"There is no row {unknown[0]!r}. Known: {', '.join(dict.fromkeys(names))}.", file=sys.stderr)
        return 2
    pace = QUICK if arguments.quick else FULL if arguments.full else STANDARD
    wanted = arguments.names or [
        name for s, name in zip(SCENARIOS, names, strict=True) if s.is_quick or pace is not QUICK
    ]
    chosen = [s for s, name in zip(SCENARIOS, names, strict=True) if name in wanted]
    seeds = pace.seeds if arguments.seed is None else (arguments.seed,)
    rows = play(turns_of(chosen, seeds), pace, arguments.lanes)
    print(json.dumps([row.to_dict() for row in rows], indent=2) if arguments.json else to_table(rows))
    return 0 if all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
