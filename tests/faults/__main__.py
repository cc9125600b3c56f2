"""`python -m tests.faults [--quick|--full] [--json] [--seed N] [NAME...]`: the fault table, measured.

NAME: the file of a row in tests/faults/rows/, without `.py`. Exit status 1 when a row failed, 2 for an unknown name.
"""

import argparse
import json
import sys

from tests.faults.registry import SCENARIOS
from tests.faults.runner import module_name, play
from tests.faults.scenario import FULL, QUICK, STANDARD, to_table


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("names", metavar="NAME", nargs="*", help="rows to play (default: all)")
    pace = parser.add_mutually_exclusive_group()
    pace.add_argument("--quick", action="store_true", help="the quick rows only, shortened")
    pace.add_argument("--full", action="store_true", help="unattended: all seeds of the random rows")
    parser.add_argument("--json", action="store_true", help="JSON instead of a table")
    parser.add_argument("--seed", type=int, default=1, help="of random moments and choices")
    parser.add_argument("--list", action="store_true", help="names of all rows, and end")
    arguments = parser.parse_args()
    known = {module_name(scenario): scenario for scenario in SCENARIOS}
    if arguments.list:
        print("\n".join(f"{name:20} {scenario.name}" for name, scenario in known.items()))
        return 0
    unknown = sorted(set(arguments.names) - set(known))
    if unknown:
        print(f"There is no row {unknown[0]!r}. Known: {', '.join(known)}.", file=sys.stderr)
        return 2
    chosen = [known[name] for name in arguments.names] or [s for s in SCENARIOS if s.is_quick or not arguments.quick]
    rows = play(chosen, QUICK if arguments.quick else FULL if arguments.full else STANDARD, arguments.seed)
    print(json.dumps([row.to_dict() for row in rows], indent=2) if arguments.json else to_table(rows))
    return 0 if all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
