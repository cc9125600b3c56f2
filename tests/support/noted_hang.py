"""What an engine's watchdog does in a process that has other work too: the stacks are shown, the process lives on."""

import faulthandler
import sys


class NotedHang:
    """Give it to `build_engine` as `die`. `problem`: what the watchdog said, or None."""

    def __init__(self) -> None:
        self.problem: str | None = None

    def __call__(self, problem: str) -> None:
        sys.stderr.write(f"The engine hangs: {problem}\n")
        faulthandler.dump_traceback(file=sys.stderr, all_threads=True)
        self.problem = problem
