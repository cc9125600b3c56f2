"""What a machine lacks is listed at once, each with what mends it."""

import os
import socket
from pathlib import Path

import pytest

from infra.native import preflight
from infra.native.layout import VarFolder
from infra.native.records import FolderLock, write_record


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "1.8.0_402"', 8),
        ("javac 21.0.1", 21),
        ('openjdk version "22-ea" 2024-03-19', 22),
        ("command not found", None),
    ],
)
def test_feature_version_of_what_java_prints_is_read(text: str, version: int | None) -> None:
    assert preflight.feature_version(text) == version


def test_find_problems_on_an_empty_machine_lists_all_with_apt_and_brew_lines(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("LOOKOUT_VAR_DIR", str(tmp_path / "var"))
    monkeypatch.setattr(preflight, "KAFKA_JARS", tmp_path / "none")
    monkeypatch.setattr(preflight, "available_memory_bytes", lambda: 512 * 1024**2)
    environment = {
        "LOOKOUT_MIN_FREE_BYTES": str(10**15),
        "LOOKOUT_S3_SERVER": "versitygw",
        "LOOKOUT_PAGE_PORT": "99999",
    }
    monkeypatch.setattr(preflight, "VERSITYGW", tmp_path / "none")
    text = "\n".join(problem.lines() for problem in preflight.find_problems(environment))
    for words in (
        "apt-get install openjdk-17-jdk-headless",
        "brew install openjdk@17",
        "apt-get install maven",
        "brew install maven",
        "GiB free",
        "GiB of memory",
        "LOOKOUT_PAGE_PORT",
        "needs Go",
    ):
        assert words in text


def test_check_java_without_its_compiler_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "java_version", {"java": 17, "javac": None}.get)
    (problem,) = preflight.check_java()
    assert "`javac` was not found" in problem.sentence


def test_check_java_of_an_old_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "java_version", lambda _: 11)
    assert "`java` is version 11" in preflight.check_java()[0].sentence


def test_needs_java_with_three_external_servers_is_false() -> None:
    external = {"KAFKA_BOOTSTRAP_SERVERS": "k:9092", "MONGODB_URL": "mongodb://m", "S3_ENDPOINT_URL": "http://s"}
    assert not preflight.needs_java(external)
    assert preflight.needs_java({**external, "MONGODB_URL": ""})


@pytest.mark.parametrize(("version", "fits"), [((3, 10), False), ((3, 11), True), ((3, 12), True), ((3, 13), False)])
def test_check_python_accepts_the_supported_versions(version: tuple[int, int], fits: bool) -> None:
    assert (preflight.check_python(version) == []) is fits


def test_check_ports_of_a_taken_port_names_the_variable_to_change(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        if port > 65_000:
            pytest.skip("the kernel gave a port that no system may use")
        problems = preflight.check_ports(VarFolder(tmp_path), {"LOOKOUT_S3_PORT": str(port)})
    assert f"Port {port} (s3) is taken: set LOOKOUT_S3_PORT to another one." in [
        problem.sentence for problem in problems
    ]


def test_check_ports_of_an_external_server_is_left_out(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        environment = {"LOOKOUT_MONGO_PORT": port, "MONGODB_URL": "mongodb://elsewhere"}
        problems = preflight.check_ports(VarFolder(tmp_path), environment)
    assert not [problem for problem in problems if port in problem.sentence]


def test_check_ports_with_one_port_twice_is_refused(tmp_path: Path) -> None:
    environment = {"LOOKOUT_KAFKA_PORT": "21000", "LOOKOUT_MONGO_PORT": "21001"}
    sentences = [problem.sentence for problem in preflight.check_ports(VarFolder(tmp_path), environment)]
    assert "Port 21001 (mongo) is asked for twice: set LOOKOUT_MONGO_PORT to another one." in sentences


def test_check_ports_while_the_system_runs_names_its_process(tmp_path: Path) -> None:
    var = VarFolder(tmp_path)
    var.create()
    lock = FolderLock(var.runtime)
    lock.acquire()
    try:
        (problem,) = preflight.check_ports(var, {})
    finally:
        lock.release()
    assert f"process {os.getpid()}" in problem.sentence


def test_check_ports_held_by_a_killed_launchers_processes_are_no_problem(tmp_path: Path) -> None:
    var = VarFolder(tmp_path)
    var.create()
    # This very process stands for a server that was left over.
    write_record(var.runtime, "kafka", os.getpid())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert preflight.check_ports(var, {"LOOKOUT_KAFKA_PORT": str(min(taken.getsockname()[1], 65_000))}) == []


def test_check_attributes_on_a_file_system_without_them_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "setxattr", refuse)
    (problem,) = preflight.check_attributes(VarFolder(tmp_path), {})
    assert "extended attributes" in problem.sentence
    assert preflight.check_attributes(VarFolder(tmp_path), {"S3_ENDPOINT_URL": "http://elsewhere"}) == []


@pytest.mark.parametrize(("available", "enough"), [(None, True), (2 * 1024**3, False), (4 * 1024**3, True)])
def test_check_memory_with_too_little_is_refused(available: int | None, enough: bool) -> None:
    assert (preflight.check_memory(available) == []) is enough


def test_docker_answers_without_docker_is_false(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not preflight.docker_answers()


def test_check_venv_on_debian_without_ensurepip_names_the_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(preflight, "VENV", tmp_path / "none")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    (problem,) = preflight.check_venv()
    assert problem.apt == "python3.11-venv"
