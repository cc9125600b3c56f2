"""What others take of the machine."""

import subprocess
import sys

from benchmarks import interference
from benchmarks.interference import Interference


def test_own_seconds_child_that_has_ended_is_counted() -> None:
    before_s = interference._own_s()
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    subprocess.run([sys.executable, "-c", burn], check=True, timeout=60)
    assert interference._own_s() - before_s >= 0.25


def test_interference_share_is_a_share() -> None:
    assert 0 <= Interference().share() <= 1
