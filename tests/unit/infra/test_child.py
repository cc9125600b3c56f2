"""A child is started alone in its group, logged, and ended with all it started."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.native.child import Child, Command, death_signal_prefix, describe_exit
from infra.native.records import read_records, start_ticks

WAIT_S = 15.0
# Starts a grandchild, prints its process id, and waits.
PARENT = (
    "import subprocess, sys, time;"
    "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
    "print(p.pid, flush=True); time.sleep(60)"
)


def wait_for(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < limit, "did not happen in time"
        time.sleep(0.02)


def make_child(folder: Path, words: str, stop_s: float = 5.0) -> Child:
    command = Command("one", (sys.executable, "-c", words), dict(os.environ), stop_s=stop_s)
    return Child(command, folder, folder)


def test_kill_ends_the_workers_too(tmp_path: Path) -> None:
    child = make_child(tmp_path, PARENT)
    child.start()
    wait_for(lambda: child.log_path.read_text().strip().isdecimal())
    grandchild = int(child.log_path.read_text())
    child.kill()
    wait_for(lambda: start_ticks(grandchild) is None)
    assert child.exit_code() == -signal.SIGKILL
    assert read_records(tmp_path) == []


def test_start_leads_a_session_of_its_own_and_is_recorded(tmp_path: Path) -> None:
    child = make_child(tmp_path, "import time; time.sleep(60)")
    child.start()
    try:
        assert child.pid is not None
        assert os.getsid(child.pid) == child.pid
        assert [(record.name, record.pid) for record in read_records(tmp_path)] == [("one", child.pid)]
    finally:
        child.kill()


def test_stop_of_one_that_ignores_sigterm_kills_it(tmp_path: Path) -> None:
    words = "import signal, time; signal.signal(15, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
    child = make_child(tmp_path, words, stop_s=0.3)
    child.start()
    wait_for(lambda: "ready" in child.log_path.read_text())
    child.stop()
    assert child.exit_code() == -signal.SIGKILL


def test_log_tail_of_a_failed_child_holds_its_last_words(tmp_path: Path) -> None:
    child = make_child(tmp_path, "import sys; print('out'); print('bad setting', file=sys.stderr); sys.exit(3)")
    child.start()
    assert child.wait(WAIT_S)
    assert child.exit_code() == 3
    assert "bad setting" in child.log_tail()


@pytest.mark.skipif(not death_signal_prefix(), reason="needs setpriv (util-linux)")
def test_child_of_a_killed_launcher_ends(tmp_path: Path) -> None:
    words = (
        "import os, sys, time; from pathlib import Path; from infra.native.child import Child, Command;"
        "folder = Path(sys.argv[1]);"
        "command = Command('one', (sys.executable, '-c', 'import time; time.sleep(60)'), dict(os.environ));"
        "child = Child(command, folder, folder);"
        "child.start(); print(child.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", words, str(tmp_path)], stdout=subprocess.PIPE) as launcher:
        assert launcher.stdout is not None
        pid = int(launcher.stdout.readline())
        # The program behind setpriv must be running, or the kernel has not been told yet.
        wait_for(lambda: b"setpriv" not in Path(f"/proc/{pid}/cmdline").read_bytes())
        launcher.kill()
    wait_for(lambda: start_ticks(pid) is None)


@pytest.mark.parametrize(("code", "words"), [(0, "exit status 0"), (78, "exit status 78"), (-9, "signal SIGKILL")])
def test_describe_exit_names_the_signal(code: int, words: str) -> None:
    assert describe_exit(code) == words


def test_command_repr_hides_the_environment() -> None:
    assert "hunter2" not in repr(Command("one", ("true",), {"AWS_SECRET_ACCESS_KEY": "hunter2"}))
