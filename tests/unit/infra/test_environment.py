"""One environment for all services: addresses, keys, folders."""

import importlib.util
from pathlib import Path

import pytest

from common.errors import ConfigurationError
from common.settings import refuse_unknown_variables
from infra.native.environment import endpoints_of, server_environment, service_environment
from infra.native.keys import s3_keys, signing_key
from infra.native.layout import VarFolder
from infra.native.ports import Ports
from infra.native.services import CONSUMERS, FILMS, FURTHER, SERVICES, build_service, services_of
from infra.native.settings import SystemSettings, read_settings


def system_of(folder: Path, **variables: str) -> SystemSettings:
    var = VarFolder(folder)
    var.create()
    return read_settings(variables, var=var)


def test_service_environment_names_the_native_servers_and_the_key_pair(tmp_path: Path) -> None:
    system = system_of(tmp_path)
    environment = service_environment(system)
    assert environment["KAFKA_BOOTSTRAP_SERVERS"] == "127.0.0.1:19092"
    assert environment["MONGODB_URL"] == "mongodb://127.0.0.1:27117/lookout"
    assert environment["S3_ENDPOINT_URL"] == "http://127.0.0.1:9100"
    assert environment["AWS_SECRET_ACCESS_KEY"] == s3_keys(system.var).secret_access_key
    assert environment["LOOKOUT_SIGNING_KEY"] == signing_key(system.var)
    assert environment["LOOKOUT_VAR_DIR"] == str(tmp_path)


def test_service_environment_with_external_servers_keeps_the_users_own_keys(tmp_path: Path) -> None:
    system = system_of(
        tmp_path,
        S3_ENDPOINT_URL="https://s3.example",
        AWS_ACCESS_KEY_ID="mine",
        AWS_SECRET_ACCESS_KEY="my own secret",
        KAFKA_BOOTSTRAP_SERVERS="k:9092",
    )
    environment = service_environment(system)
    assert (environment["S3_ENDPOINT_URL"], environment["AWS_ACCESS_KEY_ID"]) == ("https://s3.example", "mine")
    assert environment["KAFKA_BOOTSTRAP_SERVERS"] == "k:9092"
    assert environment["AWS_SECRET_ACCESS_KEY"] == "my own secret"


def test_service_environment_holds_no_name_that_services_refuse(tmp_path: Path) -> None:
    refuse_unknown_variables(service_environment(system_of(tmp_path, VIDEO="", CAMERAS="3"), health_port=8101))
    assert "CAMERAS" not in service_environment(system_of(tmp_path, CAMERAS="3"))


def test_service_environment_keeps_a_signing_key_of_the_user(tmp_path: Path) -> None:
    assert service_environment(system_of(tmp_path, LOOKOUT_SIGNING_KEY="own"))["LOOKOUT_SIGNING_KEY"] == "own"


def test_secrets_are_made_once_and_private(tmp_path: Path) -> None:
    var = VarFolder(tmp_path)
    var.create()
    assert (s3_keys(var), signing_key(var)) == (s3_keys(var), signing_key(var))
    assert len(signing_key(var)) == 43
    assert {path.stat().st_mode & 0o777 for path in var.secrets.iterdir()} == {0o600}


def test_endpoints_repr_hides_the_secret(tmp_path: Path) -> None:
    ends = endpoints_of(system_of(tmp_path))
    assert ends.s3_keys is not None
    assert ends.s3_keys.secret_access_key not in repr(ends)


def test_server_environment_holds_no_secret() -> None:
    outer = {"PATH": "/bin", "AWS_SECRET_ACCESS_KEY": "x", "LOOKOUT_SIGNING_KEY": "y"}
    assert server_environment(outer) == {"PATH": "/bin"}


def test_every_service_has_a_port_of_its_own_and_processes_without_http_a_health_port(tmp_path: Path) -> None:
    services = {name: build_service(system_of(tmp_path), name) for name in SERVICES}
    assert len({service.port for service in services.values()}) == len(SERVICES)
    for name, service in services.items():
        told = service.command.environment.get("LOOKOUT_HEALTH_PORT")
        assert told == (str(service.port) if name in (*CONSUMERS, "indexer", "pictures") else None)


def test_consumers_are_started_by_the_documented_command(tmp_path: Path) -> None:
    assert build_service(system_of(tmp_path), "emotion").command.words[1:] == ("-m", "consumers", "run", "emotion")


def test_film_worker_runs_only_where_moviepy_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for is_there in (True, False):
        monkeypatch.setattr(importlib.util, "find_spec", lambda _name, found=is_there: object() if found else None)
        assert (FILMS in services_of(system_of(tmp_path))) is is_there
    films = build_service(system_of(tmp_path), FILMS)
    assert films.command.words[1:] == ("-m", "api_server.exports")
    assert films.port == 8109


def test_further_consumers_run_only_where_they_are_asked_for(tmp_path: Path) -> None:
    assert [name for name in services_of(system_of(tmp_path)) if name != FILMS] == list(SERVICES)
    asked = read_settings({"LOOKOUT_ANALYSES": "recorder, objects"}, var=VarFolder(tmp_path))
    assert [name for name in services_of(asked) if name in (*CONSUMERS, *FURTHER)] == ["recorder", "objects"]
    assert build_service(asked, "objects").port == asked.ports.health_of("objects")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CAMERAS", "many"),
        ("CAMERAS", "-1"),
        ("VIDEO", "/no/such/file.mp4"),
        ("LOOKOUT_S3_SERVER", "minio"),
        ("LOOKOUT_PAGE_PORT", "x"),
        ("LOOKOUT_ANALYSES", "objects,nonsense"),
        ("LOOKOUT_ANALYSES", "recorder,recorder"),
        ("MONGODB_URL", "localhost"),
    ],
)
def test_read_settings_bad_value_names_the_variable(tmp_path: Path, variable: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=variable):
        read_settings({variable: value}, var=VarFolder(tmp_path))


def test_read_settings_ports_given_win_over_variables(tmp_path: Path) -> None:
    system = read_settings({"LOOKOUT_PAGE_PORT": "1234"}, var=VarFolder(tmp_path), ports=Ports(page=4321))
    assert service_environment(system)["LOOKOUT_PAGE_PORT"] == "4321"
