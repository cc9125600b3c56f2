"""What ended is started again with growing pauses; exit status 78 stays down."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.native import supervisor as module
from infra.native.child import Command
from infra.native.records import start_ticks
from infra.native.supervisor import State, Supervisor

WAIT_S = 15.0
SLEEP = "import time; time.sleep(60)"


def wait_for(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < limit, "did not happen in time"
        time.sleep(0.02)


def command(words: str) -> Command:
    return Command("one", (sys.executable, "-c", words), dict(os.environ), stop_s=5.0)


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, lines: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Supervisor]:
    monkeypatch.setattr(module, "FIRST_PAUSE_S", 0.05)
    made = Supervisor(tmp_path, tmp_path, lines.append)
    yield made
    made.stop()


def test_crashed_process_is_started_again(supervisor: Supervisor) -> None:
    supervisor.start([command(SLEEP)])
    first = supervisor.pid_of("one")
    supervisor.kill("one", hold=False)
    wait_for(lambda: supervisor.starts_of("one") == 2 and supervisor.state_of("one") is State.RUNNING)
    assert supervisor.pid_of("one") != first


def test_process_that_keeps_failing_is_started_with_growing_pauses(supervisor: Supervisor, lines: list[str]) -> None:
    supervisor.start([command("import sys; sys.exit(1)")])
    wait_for(lambda: len(lines) >= 2)
    ward = supervisor._wards["one"]
    assert ward.pause_s >= 1.0 * 2
    assert "exit status 1" in lines[0]


def test_exit_78_stays_down_with_its_last_words(supervisor: Supervisor, lines: list[str]) -> None:
    supervisor.start([command("import sys; print('LOOKOUT_X is wrong'); sys.exit(78)")])
    wait_for(lambda: supervisor.state_of("one") is State.DOWN)
    time.sleep(0.6)
    assert supervisor.starts_of("one") == 1
    assert "LOOKOUT_X is wrong" in supervisor.reason_of("one")
    assert "stays down" in lines[0]


def test_kill_with_hold_stays_down_until_restart(supervisor: Supervisor) -> None:
    supervisor.start([command(SLEEP)])
    supervisor.kill("one", hold=True)
    time.sleep(0.6)
    assert (supervisor.state_of("one"), supervisor.starts_of("one")) == (State.HELD, 1)
    supervisor.restart("one")
    assert (supervisor.state_of("one"), supervisor.starts_of("one")) == (State.RUNNING, 2)


def test_terminate_lets_the_process_end_politely(supervisor: Supervisor, tmp_path: Path) -> None:
    words = "import signal, sys, time; signal.signal(15, lambda *_: (print('bye', flush=True), sys.exit(0)));"
    supervisor.start([command(words + "print('up', flush=True); time.sleep(60)")])
    wait_for(lambda: "up" in (tmp_path / "one.log").read_text())
    supervisor.terminate("one")
    assert supervisor.state_of("one") is State.HELD
    assert "bye" in (tmp_path / "one.log").read_text()


def test_stop_leaves_nothing_running(supervisor: Supervisor) -> None:
    supervisor.start([command(SLEEP)])
    pid = supervisor.pid_of("one")
    assert pid is not None
    supervisor.stop()
    assert start_ticks(pid) is None
