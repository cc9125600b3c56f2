"""Port variables and free ports."""

import socket
import subprocess
import sys

import pytest

from infra.native.ports import (
    HEALTH_ORDER,
    RUN_PORTS,
    PortError,
    Ports,
    free_ports,
    free_run,
    is_free,
    ports_from,
    reserve,
)


def test_ports_without_variables_are_the_documented_ones() -> None:
    ports = ports_from({})
    assert ports == Ports(8080, 8000, 8090, 19092, 27117, 9100, 8101)
    assert ports.kafka_controller == 19093
    assert [ports.health_of(name) for name in HEALTH_ORDER] == list(range(8101, 8110))


def test_ports_empty_variable_counts_as_unset() -> None:
    assert ports_from({"LOOKOUT_PAGE_PORT": "", "LOOKOUT_S3_PORT": "9200"}) == Ports(s3=9200)


@pytest.mark.parametrize("text", ["0", "-1", "70000", "http", " 80", "8080.0"])
def test_ports_bad_value_names_the_variable(text: str) -> None:
    with pytest.raises(PortError, match="LOOKOUT_INGEST_PORT"):
        ports_from({"LOOKOUT_INGEST_PORT": text})


def test_ports_health_zero_takes_free_ones() -> None:
    ports = ports_from({"LOOKOUT_HEALTH_PORT": "0"})
    assert all(is_free(ports.health_of(name)) for name in HEALTH_ORDER)


def test_is_free_of_a_listening_port_is_false() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert not is_free(taken.getsockname()[1])


def test_free_ports_are_free_and_different() -> None:
    ports = free_ports()
    numbers = [ports.ingest, ports.page, ports.signalling, ports.kafka, ports.kafka_controller, ports.mongo, ports.s3]
    numbers += [ports.health_of(name) for name in HEALTH_ORDER]
    assert len(set(numbers)) == len(numbers)
    assert all(is_free(number) for number in numbers)


def test_run_that_was_handed_out_is_given_to_no_other_process() -> None:
    first = free_run(RUN_PORTS)
    assert not reserve(first)
    question = f"from infra.native.ports import reserve; print(reserve({first}))"
    answer = subprocess.run([sys.executable, "-c", question], capture_output=True, text=True, check=True, timeout=60)
    assert answer.stdout.strip() == "False"


def test_run_longer_than_those_handed_out_is_refused() -> None:
    with pytest.raises(ValueError, match="in a row"):
        free_run(RUN_PORTS + 1)
