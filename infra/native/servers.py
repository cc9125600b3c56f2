"""The servers of one system, together: started side by side, waited for, watched, stopped."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from infra.native.child import Child, describe_exit
from infra.native.environment import Endpoints, endpoints_of, server_environment
from infra.native.kafka import build_kafka, probe_kafka
from infra.native.mongo import build_mongo, probe_mongo
from infra.native.ports import is_free
from infra.native.s3 import build_s3, ensure_bucket, probe_s3
from infra.native.server import NotReady, Probe, Server, ServerFailed, wait_until_ready
from infra.native.settings import SystemSettings

EXTERNAL_READY_S = 30.0


class ServerGroup:
    """Kafka, MongoDB wire and S3 of a system; what is named in the environment is used and not started.

    Call it from one thread at a time. `start` raises ServerFailed and leaves nothing running.
    """

    def __init__(
        self,
        system: SystemSettings,
        *,
        allow_mongod: bool = False,
        report: Callable[[str], None] = lambda _: None,
        interrupt: Callable[[], None] = lambda: None,
    ) -> None:
        """`interrupt` is called while waiting; what it raises ends the start."""
        self.endpoints: Endpoints = endpoints_of(system)
        self._system = system
        self._report = report
        self._interrupt = interrupt
        self._native = self._build(allow_mongod=allow_mongod)
        self._children: dict[str, Child] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The servers that are started here."""
        return tuple(self._native)

    def start(self) -> None:
        """Start all, wait until each answers a client call, make the bucket."""
        try:
            for name in self._native:
                self.launch(name)
            for name in self._native:
                self.wait_ready(name)
            for variable, probe in self._external_probes().items():
                self._wait_external(variable, probe)
            try:
                ensure_bucket(self.endpoints.s3_endpoint_url, self.endpoints.s3_keys, self._system.storage.bucket)
            except NotReady as error:
                raise ServerFailed(str(error)) from error
        except BaseException:
            self.kill_all()
            raise

    def launch(self, name: str) -> None:
        """Start one server without waiting for it. Raises ServerFailed."""
        server = self._native[name]
        child = Child(server.command, self._system.var.logs, self._system.var.runtime)
        port = _port_of(self._system, name)
        if not is_free(port):
            raise ServerFailed(f"Port {port} is taken: set {server.port_variable} to another one.")
        server.prepare()
        try:
            child.start()
        except OSError as error:
            raise ServerFailed(f"{name} could not be started: {error}") from error
        self._children[name] = child

    def wait_ready(self, name: str) -> None:
        """Wait until one server answers. Raises ServerFailed with the end of its log."""
        child = self._children[name]
        try:
            wait_until_ready(self._native[name].probe, self._interrupt, lambda: child.is_running)
        except NotReady as error:
            raise ServerFailed(f"{name} did not start ({error}).\n{_log_of(child)}") from error
        self._report(f"{name} answers on port {_port_of(self._system, name)}")

    def check(self) -> None:
        """Raises ServerFailed for a server that has ended; `kill` and `stop` count as asked for."""
        for name, child in self._children.items():
            code = child.exit_code()
            if code is not None:
                raise ServerFailed(f"{name} died ({describe_exit(code)}).\n{_log_of(child)}")

    def kill(self, name: str) -> None:
        """SIGKILL one server. `launch` and `wait_ready` start it again, on the same data."""
        self._children.pop(name).kill()

    def stop(self) -> None:
        """Ask all to end, side by side, then kill what is left."""
        for child in self._children.values():
            child.ask_to_stop()
        for child in self._children.values():
            child.wait(child.command.stop_s)
        self.kill_all()

    def signal_kill(self) -> None:
        """SIGKILL all without waiting, from a signal handler; `stop` collects the rest."""
        for child in list(self._children.values()):
            child.signal_kill()

    def kill_all(self) -> None:
        for child in self._children.values():
            child.kill()
        self._children.clear()

    def _build(self, *, allow_mongod: bool) -> dict[str, Server]:
        system, launcher = self._system, self._system.launcher
        environment = server_environment(system.outer)
        # Kafka last: the others come up while its storage is formatted.
        native: dict[str, Server] = {}
        if launcher.mongo_external is None:
            native["mongo"] = build_mongo(system.var, system.ports, environment, allow_mongod=allow_mongod)
        keys = self.endpoints.s3_keys
        if keys is not None:
            native["s3"] = build_s3(system.var, system.ports, environment, keys, launcher.s3_server)
        if launcher.kafka_external is None:
            native["kafka"] = build_kafka(system.var, system.ports, environment, system.kafka.max_frame_bytes)
        return native

    def _external_probes(self) -> Mapping[str, Probe]:
        """The client call for each server that is not ours, by the variable that names it."""
        ends, launcher = self.endpoints, self._system.launcher
        probes: dict[str, Probe] = {}
        if launcher.kafka_external is not None:
            client = {name: str(value) for name, value in self._system.kafka.client_config().items()}
            probes["KAFKA_BOOTSTRAP_SERVERS"] = lambda: probe_kafka(ends.bootstrap_servers, client)
        if launcher.mongo_external is not None:
            probes["MONGODB_URL"] = lambda: probe_mongo(ends.mongo_url)
        if launcher.s3_external is not None:
            probes["S3_ENDPOINT_URL"] = lambda: probe_s3(ends.s3_endpoint_url, None)
        return probes

    def _wait_external(self, variable: str, probe: Probe) -> None:
        try:
            wait_until_ready(probe, self._interrupt, lambda: True, EXTERNAL_READY_S)
        except NotReady as error:
            raise ServerFailed(f"The server named in {variable} does not answer: {error}") from error
        self._report(f"{variable}: answers")


def _port_of(system: SystemSettings, name: str) -> int:
    port: int = getattr(system.ports, name)
    return port


def _log_of(child: Child) -> str:
    return f"The end of {child.log_path}:\n{child.log_tail()}"
