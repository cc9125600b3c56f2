"""Holds the native servers of one test run: `python -m tests.support.holder FOLDER PID`.

All workers of a run share the servers, and no worker may own them: it could end before the others do. So this process
starts them, writes FOLDER/servers.json, and stops them when PID (the run) is gone or it is asked to.
"""

import json
import os
import signal
import sys
import threading
from pathlib import Path

from common.errors import ConfigurationError
from infra.native.layout import VarFolder
from infra.native.ports import free_ports
from infra.native.records import start_ticks
from infra.native.server import ServerFailed
from infra.native.servers import ServerGroup
from infra.native.settings import read_settings

STATE_FILE = "servers.json"
FAILURE_FILE = "failure.txt"
LOOK_EVERY_S = 0.5
# Two systems may choose the same free port at the same moment; the next choice is another one.
ATTEMPTS = 3


def start_servers(var: VarFolder) -> ServerGroup:
    """Raises ServerFailed. Variables that name external servers do not count: these are the native ones."""
    inherited = ("PATH", "JAVA_HOME", "HOME", "LANG", "TMPDIR", "LOOKOUT_S3_SERVER")
    outer = {name: os.environ[name] for name in inherited if name in os.environ}
    for attempt in range(1, ATTEMPTS + 1):
        group = ServerGroup(read_settings(outer, var=var, ports=free_ports()))
        try:
            group.start()
        except ServerFailed as error:
            if attempt == ATTEMPTS or "is taken" not in str(error):
                raise
        else:
            return group
    raise AssertionError("unreachable")


def main(folder: Path, run_pid: int) -> int:
    asked = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: asked.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    run_ticks = start_ticks(run_pid)
    var = VarFolder(folder)
    var.create()
    try:
        group = start_servers(var)
    except (ServerFailed, ConfigurationError) as error:
        (folder / FAILURE_FILE).write_text(str(error), encoding="utf-8")
        return 1
    ends = group.endpoints
    partial = folder / f"{STATE_FILE}.partial"
    partial.write_text(json.dumps(ends.variables()), encoding="utf-8")
    partial.rename(folder / STATE_FILE)
    try:
        while not asked.wait(LOOK_EVERY_S) and start_ticks(run_pid) == run_ticks:
            group.check()
    except ServerFailed as error:
        (folder / FAILURE_FILE).write_text(str(error), encoding="utf-8")
        return 1
    finally:
        group.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
