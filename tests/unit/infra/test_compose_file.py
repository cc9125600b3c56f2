"""What can be read in docker-compose.yml is asserted here; `make compose-test` tries it."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[3]
COMPOSE_TEXT = (REPOSITORY / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SERVERS = {"kafka", "mongo", "s3"}
ONE_SHOT = {"secrets", "topics"}
DEMOS = {"demo-face", "demo-cars"}
OURS = sorted(SERVICES.keys() - SERVERS)
LONG_RUNNING = sorted(SERVICES.keys() - SERVERS - ONE_SHOT - DEMOS)
PUBLISHED = {
    "ingest": ("LOOKOUT_INGEST_BIND", "0.0.0.0", "LOOKOUT_INGEST_PORT", "8080"),
    "api": ("LOOKOUT_PAGE_BIND", "127.0.0.1", "LOOKOUT_PAGE_PORT", "8000"),
    "signalling": ("LOOKOUT_PAGE_BIND", "127.0.0.1", "LOOKOUT_SIGNALLING_PORT", "8090"),
}


@pytest.mark.parametrize("name", OURS)
def test_our_service_is_confined(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["pids_limit"] <= 512
    assert service["mem_limit"]
    assert service["stop_grace_period"] == "30s"
    assert service["image"].startswith("lookout-")


@pytest.mark.parametrize("name", sorted(set(OURS) - {"secrets"}))
def test_our_service_is_not_root(name: str) -> None:
    assert SERVICES[name]["user"] == "10001:10001"
    assert "cap_add" not in SERVICES[name]


def test_secrets_service_is_root_without_network() -> None:
    assert SERVICES["secrets"]["network_mode"] == "none"
    assert set(SERVICES["secrets"]["cap_add"]) == {"CHOWN", "DAC_OVERRIDE"}
    assert SERVICES["secrets"]["restart"] == "no"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_service_rotates_its_log(name: str) -> None:
    assert SERVICES[name]["logging"] == {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_service_has_limits_and_no_new_privileges(name: str) -> None:
    assert SERVICES[name]["mem_limit"]
    assert SERVICES[name]["pids_limit"]
    assert "no-new-privileges:true" in SERVICES[name]["security_opt"]
    assert "privileged" not in SERVICES[name]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_only_three_services_publish_a_port(name: str) -> None:
    if name not in PUBLISHED:
        assert "ports" not in SERVICES[name]
        return
    bind, bind_default, port, port_default = PUBLISHED[name]
    number = f"${{{port}:-{port_default}}}"
    assert SERVICES[name]["ports"] == [f"${{{bind}:-{bind_default}}}:{number}:{number}"]


@pytest.mark.parametrize("name", sorted(SERVERS))
def test_server_is_on_the_closed_network_alone(name: str) -> None:
    assert SERVICES[name]["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}


@pytest.mark.parametrize("name", sorted(SERVERS | set(LONG_RUNNING)))
def test_long_running_service_has_a_healthcheck(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_dependencies_are_waited_for(name: str) -> None:
    for dependency, condition in SERVICES[name].get("depends_on", {}).items():
        wanted = "service_completed_successfully" if dependency in ONE_SHOT else "service_healthy"
        assert condition == {"condition": wanted}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_service_can_be_scaled(name: str) -> None:
    assert "container_name" not in SERVICES[name]


def test_no_secret_has_a_default() -> None:
    for name in (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "MONGODB_URL",
        "LOOKOUT_SIGNING_KEY",
        "KAFKA_SASL_PASSWORD",
    ):
        defaults = re.findall(rf"\$\{{{name}(:?-)?([^}}]*)\}}", COMPOSE_TEXT)
        assert defaults
        assert all(default == "" for _, default in defaults)


def test_secret_volumes_are_read_only_outside_the_secrets_service() -> None:
    for name, service in SERVICES.items():
        for volume in service.get("volumes", []):
            if "-secret:" in volume and name != "secrets":
                assert volume.endswith(":ro"), f"{name}: {volume}"


def test_data_lies_in_named_volumes() -> None:
    declared = set(COMPOSE["volumes"])
    for name, service in SERVICES.items():
        for volume in service.get("volumes", []):
            source = re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", volume).split(":")[0]
            assert source in declared, f"{name}: {volume}"


def test_development_override_mounts_sources_of_known_services_read_only() -> None:
    override = yaml.safe_load((REPOSITORY / "infra/docker/compose.override.yml").read_text(encoding="utf-8"))
    for name, service in override["services"].items():
        assert name in SERVICES
        for volume in service["volumes"]:
            source, target, mode = volume.split(":")
            assert (REPOSITORY / source).is_dir()
            assert (target, mode) == (f"/app/{source.removeprefix('./')}", "ro")


def test_models_of_a_person_are_mounted_where_they_are_looked_for() -> None:
    recipe = (REPOSITORY / "infra/docker/Dockerfile").read_text(encoding="utf-8")
    stage = recipe.split(" AS consumers\n")[1]
    (folder,) = re.findall(r"^ENV .*\bMODEL_DIR=(\S+)", stage, re.MULTILINE)
    searching = {n for n, s in SERVICES.items() if s.get("command", [])[2:3] == ["consumers"] and n != "recorder"}
    assert searching == {"emotion", "license_plate", "objects", "people", "recognition", "pictures"}
    for name in searching:
        assert f"${{MODEL_DIR:-no-models}}:{folder}:ro" in SERVICES[name]["volumes"], name
    assert "COPY --from=build-consumers /opt/models /app/var/models\n" in stage, "where the registry looks next"


def test_enrolled_faces_outlive_the_container_and_belong_to_who_writes_them() -> None:
    place = "/var/lib/lookout/gallery"
    assert f"gallery:{place}" in SERVICES["recognition"]["volumes"]
    assert f"gallery:{place}:ro" in SERVICES["pictures"]["volumes"]
    recipe = (REPOSITORY / "infra/docker/Dockerfile").read_text(encoding="utf-8")
    assert re.search(rf"^RUN install -d -o lookout .* {place}\b", recipe, re.MULTILINE)


def test_every_variable_is_documented() -> None:
    used = set(re.findall(r"\$\{([A-Z0-9_]+)", COMPOSE_TEXT))
    documented = set(re.findall(r"^#? ?([A-Z0-9_]+)=", (REPOSITORY / ".env.example").read_text("utf-8"), re.MULTILINE))
    assert used <= documented, sorted(used - documented)


def test_recipe_needs_no_buildkit_and_names_no_index() -> None:
    recipe = (REPOSITORY / "infra/docker/Dockerfile").read_text(encoding="utf-8")
    assert "# syntax=" not in recipe
    assert "--mount" not in recipe
    assert "<<" not in recipe
    assert "://" not in recipe
    assert recipe.count(" install --require-hashes --no-deps ") == recipe.count("-m pip ")


def test_images_are_labelled_and_not_root() -> None:
    recipe = (REPOSITORY / "infra/docker/Dockerfile").read_text(encoding="utf-8")
    assert "LABEL org.opencontainers.image.title" in recipe
    stages = dict(re.findall(r"^FROM \S+ AS (\S+)$(.*?)(?=^FROM |\Z)", recipe, re.MULTILINE | re.DOTALL))
    built = {service["build"]["target"] for service in SERVICES.values() if "build" in service}
    assert built <= set(stages)
    for target in built:
        # Bytecode is put into the image as root; what runs is not root.
        assert re.findall(r"^(?:USER|RUN) \S+", stages[target], re.MULTILINE) == ["RUN python", "USER lookout"], target
