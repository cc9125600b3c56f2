"""Whether the time of a refused log-in tells if there is such a user: `python -m benchmarks.log_in [--tries 200]`.

Unknown name, wrong password and disabled account in turns, so that whatever else the machine does meets all alike. One
JSON line; exit status 1 when a median is more than 10 % from that of a wrong password.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

from flask import Flask

from api_server.access.subject import Role
from api_server.accounts.attempts import Attempts
from api_server.accounts.login import Login
from api_server.accounts.passwords import Passwords
from api_server.accounts.second_factor import SecondFactor
from api_server.accounts.sessions import Origin, Sessions
from api_server.accounts.users import User, Users, UserState
from api_server.database.memory import MemoryDatabase
from common.clock import SystemClock

TOLERANCE = 0.10
KINDS = {"wrong password": "ann", "unknown user": "nobody", "disabled account": "out"}


def measure_ms(tries: int) -> dict[str, float]:
    """Median ms of each kind of refusal, over a database in memory: the look-up is the same for all."""
    database, clock, passwords = MemoryDatabase(), SystemClock(), Passwords()
    users = Users(database)
    for name, state in (("ann", UserState.ACTIVE), ("out", UserState.DISABLED)):
        users.add(
            User(
                id=f"usr-{name}",
                name=name,
                role=Role.VIEWER,
                password_hash=passwords.hash("the right one"),
                created_us=0,
                state=state,
            )
        )
    sessions, factor = Sessions(database, users, clock), SecondFactor(users, Path("unused"), clock)
    app, attempts = Flask("api_server"), Attempts()
    attempts.watch(app)
    app.add_url_rule("/v1/session", view_func=lambda: "", methods=["POST"])  # what is no route has no limits
    login = Login(users, sessions, passwords, attempts, factor)
    taken: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for _ in range(tries):
        for kind, name in KINDS.items():
            # What fails is counted with the answer, and there is none: the limit would answer in place of the check.
            with app.test_request_context("/v1/session", method="POST"):
                start = time.perf_counter()
                login.log_in(name, "a wrong one", Origin("127.0.0.1"))
                taken[kind].append((time.perf_counter() - start) * 1000)
    return {kind: round(statistics.median(values), 2) for kind, values in taken.items()}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.log_in", description=__doc__)
    parser.add_argument("--tries", type=int, default=200)
    tries = parser.parse_args(arguments).tries
    medians = measure_ms(tries)
    base = medians["wrong password"]
    worst = max(abs(median / base - 1) for median in medians.values())
    is_alike = worst <= TOLERANCE
    print(json.dumps({"tries": tries, "median_ms": medians, "worst_difference": round(worst, 4), "alike": is_alike}))
    return 0 if is_alike else 1


if __name__ == "__main__":
    sys.exit(main())
