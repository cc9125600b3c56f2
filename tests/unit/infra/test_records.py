"""What a killed launcher left is found and ended, and nothing else is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.native.records import (
    AlreadyRunning,
    FolderLock,
    end_leftovers,
    leftovers,
    lock_holder,
    read_records,
    start_ticks,
    write_record,
)

WAIT_S = 10.0


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)


def test_end_leftovers_ends_a_recorded_process_and_forgets_it(tmp_path: Path) -> None:
    process = sleeper()
    write_record(tmp_path, "kafka", process.pid)
    (found,) = end_leftovers(tmp_path)
    assert (found.name, found.pid) == ("kafka", process.pid)
    assert process.wait(WAIT_S) != 0
    assert read_records(tmp_path) == []


def test_end_leftovers_of_a_process_id_handed_out_again_touches_nobody(tmp_path: Path) -> None:
    process = sleeper()
    try:
        ticks = start_ticks(process.pid)
        assert ticks is not None
        (tmp_path / "kafka.pid").write_text(f"{process.pid} {ticks - 1}\n")
        assert end_leftovers(tmp_path) == []
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()


def test_end_leftovers_of_one_that_ignores_sigterm_kills_it(tmp_path: Path) -> None:
    words = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", words], start_new_session=True, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        write_record(tmp_path, "stubborn", process.pid)
        end_leftovers(tmp_path, grace_s=0.3)
        assert process.wait(WAIT_S) == -9


def test_read_records_half_written_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "kafka.pid").write_text("12")
    (tmp_path / "mongo.pid").write_text("")
    assert read_records(tmp_path) == []


def test_leftovers_of_an_ended_process_are_none(tmp_path: Path) -> None:
    process = sleeper()
    write_record(tmp_path, "kafka", process.pid)
    process.kill()
    process.wait()
    assert leftovers(tmp_path) == []


def test_lock_taken_twice_names_the_holder(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    first, second = FolderLock(folder), FolderLock(folder)
    first.acquire()
    with pytest.raises(AlreadyRunning, match=f"process {os.getpid()}"):
        second.acquire()
    assert lock_holder(folder) == str(os.getpid())
    first.release()
    second.acquire()
    second.release()
    assert lock_holder(folder) is None


def test_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    words = (
        "import sys, time; from pathlib import Path; from infra.native.records import FolderLock;"
        "lock = FolderLock(Path(sys.argv[1])); lock.acquire(); print('locked', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", words, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"locked\n"
        process.kill()
    assert lock_holder(tmp_path) is None
    FolderLock(tmp_path).acquire()
