"""The rows of the fault table, in its order."""

from tests.faults.rows.crash_points import CrashPoints
from tests.faults.rows.kill_random import KillRandom
from tests.faults.scenario import Scenario

SCENARIOS: tuple[Scenario, ...] = (KillRandom(), CrashPoints())
