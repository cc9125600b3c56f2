"""A whole system: servers, topics, services and cameras, as one thing to start and stop.

The launcher runs one on the fixed ports; `make smoke` and the end-to-end tests run theirs on free ports in a folder of
their own:

    with Stack.on_free_ports(folder) as stack:
        stack.env            # what a client or another service needs
        stack.kill("recorder"); stack.restart("recorder")
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from infra.native.child import TAIL_LINES
from infra.native.demo import DemoCamera, camera_commands, choose_cameras, demo_tokens
from infra.native.environment import service_environment
from infra.native.layout import REPOSITORY, VarFolder
from infra.native.logfile import tail
from infra.native.ports import Ports, free_ports
from infra.native.records import FolderLock, end_leftovers
from infra.native.server import NotReady, ServerFailed
from infra.native.servers import ServerGroup
from infra.native.services import SERVICES, TOPICS_WORDS, build_service
from infra.native.settings import SystemSettings, read_settings
from infra.native.supervisor import State, Supervisor

# It waits for the broker and for every partition itself.
TOPICS_LIMIT_S = 120.0
# Eight Python processes import their libraries side by side on two cores.
SERVICES_READY_S = 120.0
POLL_S = 0.2
# A service that has ended this often before it was ready once will not become ready by waiting longer.
MAX_STARTS = 6


class StackFailed(Exception):
    """The system did not come up; the message says what and shows the end of its log."""


class Stack:
    """One running system. `start`, `stop` and `__exit__` from one thread; `kill` and `restart` from any."""

    def __init__(
        self,
        system: SystemSettings,
        *,
        services: Iterable[str] = SERVICES,
        report: Callable[[str], None] = lambda _: None,
        allow_mongod: bool = False,
        interrupt: Callable[[], None] = lambda: None,
    ) -> None:
        """`interrupt` is called whenever a start waits; what it raises ends the start, and everything is stopped."""
        self.system = system
        self.services = tuple(services)
        self._report = report
        self._allow_mongod = allow_mongod
        self._interrupt = interrupt
        self._lock = FolderLock(system.var.runtime)
        self._servers: ServerGroup | None = None
        self._supervisor = Supervisor(system.var.logs, system.var.runtime, report)

    @classmethod
    def on_free_ports(
        cls,
        folder: Path,
        *,
        environment: Mapping[str, str] | None = None,
        services: Iterable[str] = SERVICES,
        report: Callable[[str], None] = lambda _: None,
    ) -> Stack:
        """A system beside others. `environment` replaces the process's own (say DEMO=0 there for no cameras)."""
        system = read_settings(environment, var=VarFolder(folder.resolve()), ports=free_ports())
        return cls(system, services=services, report=report)

    @property
    def ports(self) -> Ports:
        return self.system.ports

    @property
    def env(self) -> dict[str, str]:
        """The variables of this system, as its services have them. Secret."""
        return service_environment(self.system)

    @property
    def page_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.page}"

    @property
    def ingest_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.ingest}"

    @property
    def demo_cameras(self) -> tuple[DemoCamera, ...]:
        return choose_cameras(self.system)

    @property
    def demo_tokens(self) -> dict[str, str]:
        """Camera id to token. Secret."""
        return demo_tokens(self.system.var, self.demo_cameras)

    @property
    def servers(self) -> ServerGroup:
        """The servers, to kill and launch one. Raises StackFailed before `start`."""
        if self._servers is None:
            raise StackFailed("The system is not started.")
        return self._servers

    def start_servers(self) -> None:
        """Servers and topics alone. Raises StackFailed, AlreadyRunning; leaves nothing running then.

        1. The lock, so that no two launchers share a folder; then what a killed one left is ended.
        2. Servers, then topics: a service that finds no topic refuses to start.
        """
        self.system.var.create()
        self._lock.acquire()
        with self._stopped_on_failure():
            for record in end_leftovers(self.system.var.runtime):
                self._report(f"{record.name} (process {record.pid}), left by an earlier run, was ended")
            self._servers = ServerGroup(
                self.system, allow_mongod=self._allow_mongod, report=self._report, interrupt=self._interrupt
            )
            self._servers.start()
            self._make_topics()
            # From now on it keeps the logs small, also while there is nothing else to watch.
            self._supervisor.start(())

    def start(self) -> None:
        """Start everything and wait until it is ready; cameras last, when somebody listens. Raises as above."""
        self.start_servers()
        with self._stopped_on_failure():
            cameras = self.demo_cameras
            demo_tokens(self.system.var, cameras)
            self._supervisor.start(build_service(self.system, name).command for name in self.services)
            self.wait_ready(*self.services)
            self._supervisor.start(camera_commands(self.system, cameras))

    def stop(self) -> None:
        """Cameras and services, then servers. Safe to call twice."""
        self._supervisor.stop()
        if self._servers is not None:
            self._servers.stop()
            self._servers = None
        self._lock.release()

    def signal_kill(self) -> None:
        """SIGKILL everything without waiting, from a signal handler; `stop` still has to be called."""
        self._supervisor.signal_kill()
        if self._servers is not None:
            self._servers.signal_kill()

    def check(self) -> None:
        """Raises ServerFailed when a server has died."""
        if self._servers is not None:
            self._servers.check()

    def kill(self, name: str, *, hold: bool = True) -> None:
        """SIGKILL a service or a camera. `hold=False`: its supervisor starts it again, as in a real crash."""
        self._supervisor.kill(name, hold=hold)

    def terminate(self, name: str) -> None:
        """SIGTERM a service or a camera, wait for its end, keep it down until `restart`."""
        self._supervisor.terminate(name)

    def restart(self, name: str) -> None:
        """Start a service or a camera again; for a service, wait until it is ready. Raises StackFailed."""
        self._supervisor.restart(name)
        if name in self.services:
            self.wait_ready(name)

    def pid_of(self, name: str) -> int | None:
        return self._supervisor.pid_of(name)

    def starts_of(self, name: str) -> int:
        """How often a service or camera was started: 2 after one crash."""
        return self._supervisor.starts_of(name)

    def log_path(self, name: str) -> Path:
        return self.system.var.logs / f"{name}.log"

    def down(self) -> dict[str, str]:
        """Services that gave up (exit status 78), with their reasons."""
        return {
            name: self._supervisor.reason_of(name)
            for name in self._supervisor.names
            if self._supervisor.state_of(name) is State.DOWN
        }

    def wait_ready(self, *names: str, limit_s: float = SERVICES_READY_S) -> None:
        """Wait until `/readyz` of each service says so; one that gave up (exit 78) is reported and not waited for.

        Raises StackFailed, with the service's own sentence and the end of its log.
        """
        limit = time.monotonic() + limit_s
        starts_before = {name: self.starts_of(name) for name in names}
        for name in names:
            probe = build_service(self.system, name).probe
            while self._supervisor.state_of(name) is not State.DOWN:
                self._interrupt()
                self.check()
                try:
                    probe()
                except NotReady as error:
                    if time.monotonic() > limit or self.starts_of(name) - starts_before[name] >= MAX_STARTS:
                        raise StackFailed(self._unready(name, str(error), limit_s)) from error
                    time.sleep(POLL_S)
                else:
                    self._report(f"{name} is ready")
                    break

    @contextlib.contextmanager
    def _stopped_on_failure(self) -> Iterator[None]:
        try:
            yield
        except ServerFailed as error:
            self.stop()
            raise StackFailed(str(error)) from error
        except BaseException:
            self.stop()
            raise

    def _unready(self, name: str, words: str, limit_s: float) -> str:
        reason = self._supervisor.reason_of(name)
        if not reason:
            reason = f"The end of {self.log_path(name)}:\n{tail(self.log_path(name), TAIL_LINES)}"
        return f"{name} is not ready after {limit_s:.0f} s: {words}\n{reason}"

    def _make_topics(self) -> None:
        try:
            outcome = subprocess.run(
                [sys.executable, *TOPICS_WORDS],
                cwd=REPOSITORY,
                env=self.env,
                capture_output=True,
                text=True,
                timeout=TOPICS_LIMIT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise StackFailed(f"The topics could not be made within {TOPICS_LIMIT_S:.0f} s.") from error
        if outcome.returncode != 0:
            raise StackFailed(f"The topics could not be made:\n{outcome.stdout}{outcome.stderr}")
        self._report("topics are there")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
