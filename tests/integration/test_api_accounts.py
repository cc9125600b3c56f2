"""Accounts, grants, tokens and the audit log over a real server and a real database."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from api_server.audit.entry import Note
from api_server.audit.log import AuditLog
from api_server.audit.verify import verify
from api_server.database.mongo import MongoDatabase
from common.clock import SystemClock
from common.contracts.camera_settings import CameraSettings
from common.contracts.identity import hash_token
from common.settings import MongoSettings, load_settings
from common.topics import CAMERA_SETTINGS
from infra.native.layout import REPOSITORY
from tests.integration.api_system import ApiSystem, open_system
from tests.support.cameras import read_partition
from tests.support.service_process import wait_until

pytestmark = pytest.mark.timeout(300)
PHRASE = "a long enough phrase"


@pytest.fixture
def system(service_variables: dict[str, str], tmp_path: Path) -> Iterator[ApiSystem]:
    with open_system(service_variables, tmp_path) as opened:
        yield opened


@pytest.fixture
def open_log(mongo_url: str) -> Iterator[Callable[[], AuditLog]]:
    """Each as another process has it."""
    opened: list[MongoDatabase] = []

    def open_one() -> AuditLog:
        opened.append(MongoDatabase(load_settings(MongoSettings, {"MONGODB_URL": mongo_url})))
        return AuditLog(opened[-1], SystemClock())

    yield open_one
    for database in opened:
        database.close()


def test_audit_log_of_several_processes_is_one_chain(open_log: Callable[[], AuditLog]) -> None:
    logs = [open_log() for _ in range(3)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda n: logs[n % 3].append(Note("clip.view", target=str(n))), range(60)))
    verdict = verify(open_log())
    assert (verdict.count, verdict.problem) == (60, None)


def token_hashes(system: ApiSystem, camera: str) -> tuple[str, ...]:
    """What the newest record in the topic says."""
    records = read_partition(system.kafka.bootstrap_servers, system.kafka.topic(CAMERA_SETTINGS), 0)
    newest = [r.value for r in records if r.key == camera.encode()][-1]
    return CameraSettings.model_validate_json(newest or b"").token_hashes


def verify_audit(system: ApiSystem, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "api_server", "verify-audit", *arguments],
        cwd=REPOSITORY,
        env={"PATH": "/usr/bin:/bin", **system.variables},
        capture_output=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout.decode()


def test_invited_person_sees_what_is_granted_until_it_is_withdrawn(system: ApiSystem) -> None:
    system.start(system.api)
    admin = system.sign_in()
    camera = admin.post("/v1/cameras", json={"name": "Gate"}).json()
    made = admin.post("/v1/users", json={"name": "vera", "role": "viewer"}).json()
    link = made["link_path"].partition("#")[2]
    assert admin.post("/v1/password", json={"link": link, "password": PHRASE}).status_code == 200
    assert admin.post("/v1/password", json={"link": link, "password": PHRASE}).status_code == 403
    vera = system.sign_in("vera", PHRASE)
    one, grant = f"/v1/cameras/{camera['id']}", f"/v1/users/{made['id']}/grants/{camera['id']}"
    assert vera.get(one).status_code == 404
    assert admin.put(grant, json={"right": "view"}).status_code == 200
    assert vera.get(one).status_code == 200
    token = vera.post("/v1/account/tokens", json={"name": "script", "scopes": ["read"]}).json()["token"]
    program = httpx.Client(base_url=system.url, headers={"Authorization": f"Bearer {token}"}, timeout=30)
    with program:
        assert [c["id"] for c in program.get("/v1/cameras").json()["cameras"]] == [camera["id"]]
        assert admin.delete(grant).status_code == 204
        assert vera.get(one).status_code == 404
        assert program.get(one).status_code == 404
        assert admin.patch(f"/v1/users/{made['id']}", json={"disabled": True}).status_code == 200
        assert program.get("/v1/cameras").status_code == 401
    assert vera.get("/v1/session").status_code == 401

    new = admin.post(f"{one}/token", params={"overlap_s": 2}).json()["token"]
    assert token_hashes(system, camera["id"]) == (hash_token(camera["token"]), hash_token(new))
    wait_until(lambda: token_hashes(system, camera["id"]) == (hash_token(new),), "the old token has ended", 60)

    actions = [entry["action"] for entry in admin.get("/v1/audit").json()["entries"]]
    expected = {"login", "camera.create", "user.invite", "password.link", "grant.set", "grant.withdraw", "user.change"}
    assert expected <= set(actions)
    status, said = verify_audit(system)
    assert (status, said.split(":")[0]) == (0, "whole")
    head = said.rsplit(" ", 1)[1].strip()
    database = MongoDatabase(load_settings(MongoSettings, system.variables))
    database.collection("audit").update({"action": "user.invite"}, {"$set": {"actor_name": "nobody"}})
    database.close()
    status, said = verify_audit(system, "--head", head)
    assert status == 1
    assert "was changed" in said
