"""Kafka, Mongo-wire and S3 servers that a fault run may kill, and a place of its own in them for every row."""

import dataclasses
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from confluent_kafka.admin import AdminClient

from infra.native.layout import VarFolder
from infra.native.ports import LOOPBACK, free_ports
from infra.native.server import ServerFailed
from infra.native.servers import ServerGroup
from infra.native.settings import read_settings
from tests.support.cameras import make_topics
from tests.support.servers import private_folder

ServerName = Literal["kafka", "mongo", "s3"]
START_ATTEMPTS = 3
"""Two systems may choose the same free port at the same moment."""


@dataclass(frozen=True, slots=True)
class Place:
    """Topics, bucket and database of one row."""

    prefix: str
    bucket: str
    database: str


class PrivateServers:
    """The three servers of one run, one thread at a time. `kill` and `revive` work on the same data."""

    def __init__(self, group: ServerGroup) -> None:
        self._group = group
        self._down: set[str] = set()
        self.variables: dict[str, str] = dict(group.endpoints.variables())

    @property
    def bootstrap_servers(self) -> str:
        return self.variables["KAFKA_BOOTSTRAP_SERVERS"]

    @property
    def s3_port(self) -> int:
        return urlsplit(self.variables["S3_ENDPOINT_URL"]).port or 0

    @property
    def mongo_port(self) -> int:
        return urlsplit(self.variables["MONGODB_URL"]).port or 0

    def kill(self, name: ServerName) -> None:
        """SIGKILL."""
        if name not in self._down:
            self._group.kill(name)
            self._down.add(name)

    def revive(self, name: ServerName) -> None:
        """Start it again on its data and wait until it answers. Raises ServerFailed."""
        if name in self._down:
            self._group.launch(name)
            self._group.wait_ready(name)
            self._down.discard(name)

    def revive_all(self) -> None:
        names: tuple[ServerName, ...] = ("kafka", "mongo", "s3")
        for name in names:
            self.revive(name)

    def make_place(self) -> Place:
        unique = "f" + secrets.token_hex(4)
        make_topics(self.bootstrap_servers, f"{unique}-")
        return Place(f"{unique}-", f"{unique}-bucket", unique)

    def remove_place(self, place: Place) -> None:
        """Delete the topics: a broker with many rows' topics restarts more slowly. The rest goes with the folder."""
        admin = AdminClient({"bootstrap.servers": self.bootstrap_servers, "log_level": 0})
        mine = [name for name in admin.list_topics(timeout=20).topics if name.startswith(place.prefix)]
        for future in admin.delete_topics(mine, operation_timeout=20).values() if mine else ():
            future.exception(20)


@dataclass(frozen=True, slots=True)
class SecondListener:
    """A second address of the broker: it listens on `port`, and tells clients that come there to use `advertised`, a
    proxy's port. A client's address decides whether the proxy's faults are its own."""

    port: int
    advertised: int


@contextmanager
def open_private_servers(
    name: str, s3_server: str | None = None, listener: SecondListener | None = None
) -> Iterator[PrivateServers]:
    """Fresh servers on free ports. `s3_server`: versitygw instead of s3proxy. Raises ServerFailed."""
    folder = private_folder(f"faults-{name}-{secrets.token_hex(3)}")
    outer = {} if s3_server is None else {"LOOKOUT_S3_SERVER": s3_server}
    try:
        for attempt in range(1, START_ATTEMPTS + 1):
            var = VarFolder(folder / str(attempt))
            var.create()
            group = ServerGroup(read_settings(outer, var=var, ports=free_ports()))
            if listener is not None:
                _add_listener(group, var, listener)
            try:
                group.start()
                break
            except ServerFailed as error:
                if attempt == START_ATTEMPTS or "is taken" not in str(error):
                    raise
        try:
            yield PrivateServers(group)
        finally:
            group.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _add_listener(group: ServerGroup, var: VarFolder, listener: SecondListener) -> None:
    """Before the broker's first start: its settings are written by `prepare`, and changed right after."""
    kafka = group._native["kafka"]
    path = var.runtime / "kafka.properties"
    added = {
        "listeners": f"PROXIED://{LOOPBACK}:{listener.port}",
        "advertised.listeners": f"PROXIED://{LOOPBACK}:{listener.advertised}",
        "listener.security.protocol.map": "PROXIED:PLAINTEXT",
    }

    def prepare() -> None:
        kafka.prepare()
        lines = []
        for line in path.read_text(encoding="utf-8").splitlines():
            more = added.get(line.partition("=")[0])
            lines.append(f"{line},{more}" if more else line)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    group._native["kafka"] = dataclasses.replace(kafka, prepare=prepare)
