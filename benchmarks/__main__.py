"""`make bench`: what threads buy, latency against load, and the figures that have to be reached, in under 12 minutes.

Tables on standard output; JSON, markdown and PNG files in the folder named by `--out`. `benchmarks.consumers` takes any
sweep, `benchmarks.figures` measures each figure longer, `benchmarks.rivals` shows other frameworks.
"""

import argparse
import sys
import time
from pathlib import Path

from benchmarks import consumers, figures

DEFAULT_OUT = Path("var/bench")
SWEEP = ["--analysis", "emotion", "--threads", "1,2,4,6,8", "--frames", "400", "--loads", "0.25,0.5,0.75,0.9"]
BATCHES = ["--model-batch", "1,4,8"]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    given = parser.parse_args()
    begun_s = time.monotonic()
    consumers.main([*SWEEP, *BATCHES, "--out", str(given.out)])
    print(flush=True)
    figures.main(["--quick", "--out", str(given.out)])
    print(f"\n{(time.monotonic() - begun_s) / 60:.1f} minutes; results in {given.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
