"""Our own processes: how each is started, where it says that it is ready, and what to do when it ends."""

from __future__ import annotations

import http.client
import importlib.util
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from infra.native.child import Command
from infra.native.environment import service_environment
from infra.native.ports import LOOPBACK
from infra.native.server import NotReady
from infra.native.settings import SystemSettings

CONSUMERS = ("recorder", "emotion", "license_plate")
FURTHER = ("objects", "people", "recognition")
"""Consumers that run only where LOOKOUT_ANALYSES names them."""
PICTURES = "pictures"
FILMS = "films"
"""Runs only where moviepy is installed: `make setup FILMS=1`."""
SERVICES = ("producer_service", "api_server", "indexer", "signalling", PICTURES, *CONSUMERS)
ANSWER_S = 3.0
TOPICS_WORDS = ("-m", "common.kafka.topics_command")
# Closing a clip and committing takes a consumer seconds, not minutes; every promise holds for SIGKILL as well.
CONSUMER_STOP_S = 20.0


@dataclass(frozen=True)
class Service:
    """One process of ours. `probe` raises NotReady with what `/readyz` says."""

    command: Command
    port: int
    probe: Callable[[], None]


def build_service(system: SystemSettings, name: str) -> Service:
    """Raises ValueError for a name that is none of `SERVICES`, `FURTHER` or `FILMS`."""
    ports = system.ports
    words: tuple[str, ...]
    if name in (*CONSUMERS, *FURTHER):
        words, port = ("-m", "consumers", "run", name), ports.health_of(name)
        # The pool's threads are the parallelism; a library that makes its own on top only gets in the way.
        environment = {"OMP_NUM_THREADS": "1", **service_environment(system, port)}
        host, stop_s = LOOPBACK, CONSUMER_STOP_S
    elif name == PICTURES:
        words, port = ("-m", "consumers", PICTURES), ports.health_of(name)
        environment = {"OMP_NUM_THREADS": "1", **service_environment(system, port)}
        host, stop_s = LOOPBACK, 15.0
    elif name in ("indexer", FILMS):
        module = "api_server.indexer" if name == "indexer" else "api_server.exports"
        words, port = ("-m", module), ports.health_of(name)
        environment = service_environment(system, port)
        host, stop_s = LOOPBACK, 15.0
    elif name in SERVICES:
        words = ("-m", name)
        bind = system.launcher.ingest_bind if name == "producer_service" else system.launcher.page_bind
        port = {"producer_service": ports.ingest, "api_server": ports.page, "signalling": ports.signalling}[name]
        environment = service_environment(system)
        host, stop_s = reachable(bind), 15.0
    else:
        raise ValueError(f"{name!r} is no service: {', '.join(SERVICES)}.")
    command = Command(name, (sys.executable, *words), environment, stop_s=stop_s)
    return Service(command, port, lambda: probe_ready(host, port))


def services_of(system: SystemSettings) -> tuple[str, ...]:
    """Every service of a system, its consumers as LOOKOUT_ANALYSES names them."""
    films = (FILMS,) if importlib.util.find_spec("moviepy") else ()
    return (*(name for name in SERVICES if name not in CONSUMERS), *films, *system.launcher.analyses)


def reachable(bind: str) -> str:
    """The address under which this machine reaches a server that is bound to `bind`."""
    return {"0.0.0.0": LOOPBACK, "::": "::1", "": LOOPBACK}.get(bind, bind)  # noqa: S104 - compared, not bound


def probe_ready(host: str, port: int) -> None:
    """Ask `/readyz`. Raises NotReady with the service's own sentence."""
    connection = http.client.HTTPConnection(host, port, timeout=ANSWER_S)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        body = answer.read(2000)
    except (OSError, http.client.HTTPException) as error:
        raise NotReady(f"no answer ({type(error).__name__})") from error
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise NotReady(sentence_of(body) or f"status {answer.status}")


def sentence_of(body: bytes) -> str:
    """The `message` of a JSON answer, or nothing."""
    try:
        answer: Mapping[str, object] = json.loads(body)
        return str(answer["message"])
    except (ValueError, KeyError, TypeError):
        return ""
