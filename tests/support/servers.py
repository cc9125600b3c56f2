"""The servers that integration tests talk to: `TEST_SERVERS=native|env|containers`, native unless said otherwise.

native: our own, on free ports, started once a run and shared by all its workers; `env`: those named by
KAFKA_BOOTSTRAP_SERVERS, MONGODB_URL, S3_ENDPOINT_URL and AWS_*; `containers`: testcontainers. Never chosen by what
happens to be installed: a test run must mean the same everywhere.
"""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from infra.native.layout import REPOSITORY
from infra.native.records import start_ticks
from tests.support.holder import FAILURE_FILE, STATE_FILE

VARIABLE = "TEST_SERVERS"
KINDS = ("native", "env", "containers")
# Under var/ and not in the system's temporary folder: a memory file system may lack the attributes s3proxy keeps.
RUNS = REPOSITORY / "var" / "test-runs"
RUN_KEY: pytest.StashKey[tuple[Path, int]] = pytest.StashKey()
"""The folder and the main process of this test run."""
START_LIMIT_S = 120.0
STOP_LIMIT_S = 40.0


@dataclass(frozen=True)
class TestServers:
    """Where the three servers answer, and the keys of the S3 server."""

    __test__ = False  # not a test class

    bootstrap_servers: str
    mongo_url: str
    s3_endpoint_url: str
    access_key_id: str
    secret_access_key: str = field(repr=False)

    def variables(self) -> dict[str, str]:
        """The same as the environment variables that services read."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers,
            "MONGODB_URL": self.mongo_url,
            "S3_ENDPOINT_URL": self.s3_endpoint_url,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_REGION": "us-east-1",
        }

    @classmethod
    def from_variables(cls, variables: dict[str, str]) -> "TestServers":
        """Raises KeyError for a variable that is missing."""
        return cls(
            bootstrap_servers=variables["KAFKA_BOOTSTRAP_SERVERS"],
            mongo_url=variables["MONGODB_URL"],
            s3_endpoint_url=variables["S3_ENDPOINT_URL"],
            access_key_id=variables["AWS_ACCESS_KEY_ID"],
            secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        )


def run_folder(run_pid: int) -> Path:
    """Where the servers of the test run of process `run_pid` live; the folder is made when they are first asked for."""
    return RUNS / f"run-{run_pid}"


def open_servers(folder: Path, run_pid: int) -> contextlib.AbstractContextManager[TestServers]:
    """The servers of the chosen kind, for one worker. Raises RuntimeError for an unknown kind or a failed start."""
    kind = os.environ.get(VARIABLE) or "native"
    if kind == "native":
        return contextlib.nullcontext(shared_native_servers(folder, run_pid))
    if kind == "env":
        return contextlib.nullcontext(servers_of_environment())
    if kind == "containers":
        return container_servers()
    raise RuntimeError(f"{VARIABLE}={kind!r} is unknown: {', '.join(KINDS)}.")


def shared_native_servers(folder: Path, run_pid: int) -> TestServers:
    """Those of this run; the first worker that asks has them started. Raises RuntimeError with the reason."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / STATE_FILE).exists():
            _start_holder(folder, run_pid)
    if (folder / FAILURE_FILE).exists():
        raise RuntimeError("A test server died: " + (folder / FAILURE_FILE).read_text(encoding="utf-8"))
    return TestServers.from_variables(json.loads((folder / STATE_FILE).read_text(encoding="utf-8")))


def _start_holder(folder: Path, run_pid: int) -> None:
    with (folder / "holder.log").open("ab") as log:
        holder = subprocess.Popen(
            [sys.executable, "-m", "tests.support.holder", str(folder), str(run_pid)],
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # Ctrl-C in the terminal must not end the servers before the tests have.
            start_new_session=True,
        )
    (folder / "holder.pid").write_text(f"{holder.pid}", encoding="ascii")
    limit = time.monotonic() + START_LIMIT_S
    while not (folder / STATE_FILE).exists():
        if holder.poll() is not None or time.monotonic() > limit:
            holder.kill()
            reasons = [
                path.read_text("utf-8") for path in (folder / FAILURE_FILE, folder / "holder.log") if path.exists()
            ]
            raise RuntimeError("The native test servers did not start: " + "\n".join(reasons))
        time.sleep(0.05)


def close_run(folder: Path) -> None:
    """Stop the native servers of a run, if it had any, and remove their data. For the run's main process."""
    with contextlib.suppress(OSError, ValueError):
        pid = int((folder / "holder.pid").read_text(encoding="ascii"))
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        limit = time.monotonic() + STOP_LIMIT_S
        while start_ticks(pid) is not None and time.monotonic() < limit:
            # The holder is a child of this process in a run without workers: reap it.
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            time.sleep(0.05)
    shutil.rmtree(folder, ignore_errors=True)


def private_folder(name: str) -> Path:
    """A folder for servers of one test's own; it is not made here."""
    return RUNS / f"private-{os.getpid()}-{name}"


def remove_dead_runs() -> None:
    """Remove what runs that were killed left; their servers have ended by themselves."""
    for folder in [*RUNS.glob("run-*"), *RUNS.glob("private-*")]:
        pid = folder.name.split("-")[1]
        if pid.isdecimal() and start_ticks(int(pid)) is None:
            shutil.rmtree(folder, ignore_errors=True)


def servers_of_environment() -> TestServers:
    try:
        return TestServers.from_variables(dict(os.environ))
    except KeyError as error:
        raise RuntimeError(f"{VARIABLE}=env needs {error.args[0]}.") from error


@contextlib.contextmanager
def container_servers() -> Iterator[TestServers]:
    """Kafka, MongoDB and versitygw by testcontainers, one set per worker."""
    from testcontainers.community.kafka import KafkaContainer  # noqa: PLC0415
    from testcontainers.community.mongodb import MongoDbContainer  # noqa: PLC0415
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415 - needs a container engine to import well
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy  # noqa: PLC0415

    access, secret = "testaccess", "testsecretkey"
    kafka = (
        KafkaContainer("confluentinc/cp-kafka:7.6.0")
        .with_kraft()
        .with_env("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false")
        .with_env("KAFKA_MESSAGE_MAX_BYTES", str(4 * 1024 * 1024))
        .with_env("KAFKA_LOG_RETENTION_CHECK_INTERVAL_MS", "30000")
    )
    gateway = (
        DockerContainer("versity/versitygw:latest")
        .with_env("ROOT_ACCESS_KEY", access)
        .with_env("ROOT_SECRET_KEY", secret)
        .with_command("posix /tmp")
        .with_exposed_ports(7070)
        .waiting_for(LogMessageWaitStrategy("7070"))
    )
    with kafka, MongoDbContainer("mongo:7") as mongo, gateway:
        yield TestServers(
            bootstrap_servers=kafka.get_bootstrap_server(),
            mongo_url=mongo.get_connection_url(),
            s3_endpoint_url=f"http://{gateway.get_container_host_ip()}:{gateway.get_exposed_port(7070)}",
            access_key_id=access,
            secret_access_key=secret,
        )
