"""The servers of a test run: one set for all workers, gone with the run however it ends."""

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.native.layout import VarFolder
from infra.native.records import leftovers, start_ticks
from tests.support.servers import TestServers, close_run, private_folder, shared_native_servers

STOP_LIMIT_S = 60.0


@pytest.fixture
def folder(unique: str) -> Iterator[Path]:
    place = private_folder(unique)
    yield place
    close_run(place)
    shutil.rmtree(place, ignore_errors=True)


@pytest.mark.faults
@pytest.mark.timeout(300)
def test_shared_servers_are_one_set_for_all_workers_and_end_with_a_killed_run(folder: Path) -> None:
    found: list[TestServers] = []
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as run:
        workers = [
            threading.Thread(target=lambda: found.append(shared_native_servers(folder, run.pid))) for _ in range(3)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert len(found) == 3
        assert len(set(found)) == 1
        holder = int((folder / "holder.pid").read_text())
        assert start_ticks(holder) is not None
        assert len(leftovers(VarFolder(folder).runtime)) == 3
        run.kill()
    limit = time.monotonic() + STOP_LIMIT_S
    while leftovers(VarFolder(folder).runtime) or start_ticks(holder) is not None:
        assert time.monotonic() < limit, "the servers outlived their run"
        time.sleep(0.2)
