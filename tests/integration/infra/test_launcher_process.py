"""The launcher as a person starts it: Ctrl-C, kill -9, a second start, a taken port."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from infra.native.layout import REPOSITORY, VarFolder
from infra.native.ports import Ports, free_ports, variable_of
from infra.native.records import leftovers, read_records
from tests.support.servers import private_folder

READY_LIMIT_S = 110.0
STOP_LIMIT_S = 60.0


class Launched:
    """A started `python -m infra.native servers` and what it printed."""

    def __init__(self, variables: dict[str, str], output: Path) -> None:
        self.output = output
        with output.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "infra.native", "servers"],
                cwd=REPOSITORY, env={**clean_environment(), **variables}, stdout=file, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip

    def text(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def wait_ready(self) -> None:
        wait_for(
            lambda: "export KAFKA_BOOTSTRAP_SERVERS" in self.text() or self.process.poll() is not None, READY_LIMIT_S
        )
        assert self.process.poll() is None, self.text()


def clean_environment() -> dict[str, str]:
    """This process's environment without settings of a developer."""
    dropped = ("LOOKOUT_", "KAFKA_", "MONGODB_", "S3_", "AWS_")
    return {name: value for name, value in os.environ.items() if not name.startswith(dropped)}


def wait_for(condition: Callable[[], bool], limit_s: float) -> None:
    limit = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < limit, "did not happen in time"
        time.sleep(0.1)


def variables_of(var: VarFolder, ports: Ports) -> dict[str, str]:
    numbers = {variable_of(field.name): str(getattr(ports, field.name)) for field in fields(Ports)}
    return {**numbers, "LOOKOUT_VAR_DIR": str(var.root)}


@pytest.fixture
def launch(unique: str, tmp_path: Path) -> Iterator[Callable[[VarFolder, Ports], Launched]]:
    started: list[Launched] = []

    def start(var: VarFolder, ports: Ports) -> Launched:
        started.append(Launched(variables_of(var, ports), tmp_path / f"launcher-{len(started)}.log"))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.send_signal(signal.SIGTERM)
            one.process.wait(STOP_LIMIT_S)


@pytest.fixture
def var(unique: str) -> Iterator[VarFolder]:
    import shutil  # noqa: PLC0415

    folder = VarFolder(private_folder(unique))
    yield folder
    shutil.rmtree(folder.root, ignore_errors=True)


@pytest.mark.faults
@pytest.mark.timeout(400)
def test_launcher_ended_by_ctrl_c_and_by_sigkill_leaves_nothing_and_starts_again(
    launch: Callable[[VarFolder, Ports], Launched], var: VarFolder
) -> None:
    ports = free_ports()
    first = launch(var, ports)
    first.wait_ready()
    assert {record.name for record in read_records(var.runtime)} == {"kafka", "mongo", "s3"}

    second = launch(var, ports)
    assert second.process.wait(READY_LIMIT_S) == 1
    assert f"already (process {first.process.pid})" in second.text()

    first.process.kill()
    first.process.wait()
    # The kernel tells the servers that their launcher has gone.
    wait_for(lambda: leftovers(var.runtime) == [], STOP_LIMIT_S)

    third = launch(var, ports)
    third.wait_ready()
    topics = AdminClient({"bootstrap.servers": f"127.0.0.1:{ports.kafka}"}).list_topics(timeout=20).topics
    assert {"frames", "camera-settings", "clip-events"} <= set(topics)

    third.process.send_signal(signal.SIGINT)
    assert third.process.wait(STOP_LIMIT_S) == 0
    assert "stopped; data stays in" in third.text()
    assert read_records(var.runtime) == []


def test_launcher_with_a_taken_port_names_the_variable_and_ends(
    launch: Callable[[VarFolder, Ports], Launched], var: VarFolder
) -> None:
    ports = free_ports()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", ports.s3))
        taken.listen()
        one = launch(var, ports)
        assert one.process.wait(READY_LIMIT_S) == 1
    assert f"Port {ports.s3} is taken: set LOOKOUT_S3_PORT to another one." in one.text()
    assert leftovers(var.runtime) == []
