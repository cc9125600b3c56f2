"""The ports of one running system, and whether they are free. Standard library only."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

LOOPBACK = "127.0.0.1"
HIGHEST_PORT = 65535
RUN_PORTS = 16
"""As many ports follow each other in a run that is handed out."""
_CLAIMS: list[socket.socket] = []
# Health ports of processes that serve no HTTP of their own, counted from LOOKOUT_HEALTH_PORT.
HEALTH_ORDER = (
    "recorder", "emotion", "license_plate", "indexer", "objects", "people", "recognition", "pictures", "films",
)  # fmt: skip


class PortError(ValueError):
    """A port variable is no port number, or a port is taken; the message names the variable."""


@dataclass(frozen=True)
class Ports:
    """Every port of a system. Kafka's controller listens one above its broker; health ports follow each other."""

    ingest: int = 8080
    page: int = 8000
    signalling: int = 8090
    kafka: int = 19092
    mongo: int = 27117
    s3: int = 9100
    health: int = 8101

    @property
    def kafka_controller(self) -> int:
        return self.kafka + 1

    def health_of(self, process: str) -> int:
        """Raises ValueError for a process without a health port of its own."""
        return self.health + HEALTH_ORDER.index(process)


def variable_of(name: str) -> str:
    return f"LOOKOUT_{name.upper()}_PORT"


def ports_from(environment: Mapping[str, str]) -> Ports:
    """Read LOOKOUT_*_PORT; empty counts as unset, LOOKOUT_HEALTH_PORT=0 takes free ones. Raises PortError."""
    chosen: dict[str, int] = {}
    for field in fields(Ports):
        text = environment.get(variable_of(field.name), "")
        if not text:
            continue
        lowest, highest = (0 if field.name == "health" else 1), HIGHEST_PORT - len(HEALTH_ORDER)
        if not text.isdecimal() or not lowest <= int(text) <= highest:
            raise PortError(f"{variable_of(field.name)}={text!r} is not a port number.")
        chosen[field.name] = int(text)
    if chosen.get("health") == 0:
        chosen["health"] = free_run(len(HEALTH_ORDER))
    return Ports(**chosen)


def is_free(port: int, address: str = LOOPBACK) -> bool:
    """Whether a server could bind `address`:`port` now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a port in TIME_WAIT after a restart is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
        return True


def free_run(length: int) -> int:
    """The first of `length` neighbouring ports (at most RUN_PORTS) that are free now, outside the range that the kernel
    hands out. They stay this process' own until it ends: no other is given them between check and bind."""
    if not 0 < length <= RUN_PORTS:
        raise ValueError(f"{length} ports in a row: 1 to {RUN_PORTS} can be had.")
    # Clients' outgoing connections take ports from the ephemeral range between our check and the server's bind.
    lowest, highest = 10_000, ephemeral_start()
    runs = (highest - lowest) // RUN_PORTS
    # Start at a place of its own per process: test runs beside each other then rarely meet.
    start = (os.getpid() * 97 + int.from_bytes(os.urandom(2), "big")) % runs
    for step in range(runs):
        first = lowest + (start + step) % runs * RUN_PORTS
        if not reserve(first):
            continue
        if all(is_free(first + offset) for offset in range(length)):
            return first
    raise PortError(f"No {length} free ports in a row between {lowest} and {highest}.")


def reserve(first: int) -> bool:
    """Whether the run of ports that begins at `first` is now this process' own. The kernel gives a name in the abstract
    namespace, which is as wide as that of the ports, to one socket only, and takes it back when the process ends."""
    if sys.platform != "linux":
        return True
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f"\0lookout-ports-{first}".encode())
    except OSError:
        claim.close()
        return False
    _CLAIMS.append(claim)
    return True


def ephemeral_start() -> int:
    """Where the kernel's own range begins; Linux's default where it cannot be read."""
    try:
        text = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii")
        return max(12_000, int(text.split()[0]))
    except (OSError, ValueError):
        return 32_768


def free_ports() -> Ports:
    """Ports for a system beside others: tests and `make smoke` only."""
    first = free_run(7 + len(HEALTH_ORDER))
    return Ports(
        ingest=first,
        page=first + 1,
        signalling=first + 2,
        kafka=first + 3,
        mongo=first + 5,
        s3=first + 6,
        health=first + 7,
    )
