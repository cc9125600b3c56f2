"""The audit log: what is written, that it is a chain, and that a change of it shows."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from api_server.access.subject import Role
from api_server.audit.auditor import VIEW_S
from api_server.audit.entry import FIRST_PREVIOUS, Note
from api_server.audit.log import AuditLog
from api_server.audit.verify import BATCH, Head, verify
from api_server.database.memory import MemoryDatabase
from common.clock import FakeClock
from common.errors import Transient
from tests.unit.api_server.test_accounts import NEW, invited, set_password
from tests.unit.api_server.world import Browser, World, make_sidecar

Spoil = Callable[[MemoryDatabase], object]


def written(count: int) -> tuple[MemoryDatabase, AuditLog]:
    database = MemoryDatabase()
    log = AuditLog(database, FakeClock())
    for n in range(count):
        log.append(Note("clip.view", "usr-ann", "ann", "session", target=f"clip {n}", details={"n": str(n)}))
    return database, log


# The chain


def test_append_binds_each_entry_to_the_one_before() -> None:
    _, log = written(3)
    third, second, first = log.page({}, 10, None)
    assert [entry.seq for entry in (first, second, third)] == [1, 2, 3]
    assert first.previous == FIRST_PREVIOUS
    assert (second.previous, third.previous) == (first.hash, second.hash)
    assert verify(log).problem is None


def test_append_by_many_threads_and_processes_makes_one_chain() -> None:
    database = MemoryDatabase()
    logs = [AuditLog(database, FakeClock()) for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: logs[n % 4].append(Note("clip.view", target=str(n))), range(200)))
    verdict = verify(AuditLog(database, FakeClock()))
    assert (verdict.count, verdict.problem) == (200, None)
    assert {entry.target for entry in logs[0].page({}, 0, None)} == {str(n) for n in range(200)}


def test_append_after_the_database_lost_its_last_writes_goes_on_behind_what_is_left() -> None:
    database, log = written(5)
    kept = database.snapshot()
    log.append(Note("lost"))
    log.append(Note("lost too"))
    database.crash(kept)
    entry = log.append(Note("clip.view"))
    assert entry.seq == 6
    assert verify(log).problem is None


def test_append_while_the_database_is_away_raises_and_leaves_no_gap() -> None:
    database, log = written(1)
    database.is_down = True
    with pytest.raises(Transient):
        log.append(Note("clip.view"))
    database.is_down = False
    log.append(Note("clip.view"))
    assert (verify(log).count, verify(log).problem) == (2, None)


def test_verify_empty_log_is_whole() -> None:
    _, log = written(0)
    assert (verify(log).count, verify(log).head, verify(log).problem) == (0, None, None)


def change(**fields: Any) -> Spoil:
    return lambda db: db.collection("audit").update({"seq": 3}, {"$set": fields})


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (change(action="clip.other"), "entry 3 was changed"),
        (change(actor_name="bob"), "entry 3 was changed"),
        (change(details={"n": "7"}), "entry 3 was changed"),
        (change(at_us=5), "entry 3 was changed"),
        (change(hash="0" * 64), "entry 3 was changed"),
        (change(previous="0" * 64), "entry 3 does not follow"),
        (change(seq=4), "entry 3 has another number"),
        (change(extra="x"), "entry 3 has other fields"),
        (change(at_us="never"), "entry 3 is not an entry"),
        (lambda db: db.collection("audit").delete({"seq": 3}), "entry 3 is missing"),
        (lambda db: db.collection("audit").delete({"seq": 1}), "entry 1 is missing"),
        (lambda db: db.collection("audit").insert({"_id": "x", "seq": 0}), "1 documents are no entries"),
        (lambda db: db.collection("audit").insert({"_id": "x", "seq": 99}), "highest number is no entry"),
    ],
)
def test_verify_any_change_shows(spoil: Spoil, problem: str) -> None:
    database, log = written(5)
    spoil(database)
    assert problem in (verify(AuditLog(database, FakeClock())).problem or "")
    del log


def test_verify_entries_moved_and_renumbered_show() -> None:
    """Somebody takes one entry out and closes the gap, hashes and all, but for the entries after it."""
    database, log = written(4)
    entries = {entry.seq: entry for entry in log.page({}, 0, None)}
    forged = entries[3].model_copy(update={"previous": entries[2].hash, "details": {}})
    forged = forged.model_copy(update={"hash": forged.computed_hash()})
    database.collection("audit").delete({"seq": 3})
    database.collection("audit").insert(forged.to_document())
    assert verify(log).problem == "entry 4 does not follow the one before it"


def test_verify_cut_end_and_whole_rewriting_show_against_a_noted_head() -> None:
    database, log = written(5)
    head = verify(log).head
    assert head is not None
    assert verify(log, Head.parse(str(head))).problem is None
    database.collection("audit").delete({"seq": {"$gt": 3}})
    fresh = AuditLog(database, FakeClock())
    assert verify(fresh).problem is None, "nothing in the database itself tells"
    assert verify(fresh, head).problem == "entries 4 to 5 are missing: the end was cut off"
    other, rewritten = written(0)
    for n in range(9):
        rewritten.append(Note("harmless", target=str(n)))
    assert verify(rewritten, head).problem == "entry 5 is not the one that was noted: the log was written anew"
    del other


def test_verify_more_entries_than_one_batch() -> None:
    _, log = written(BATCH * 2 + 3)
    assert (verify(log).count, verify(log).problem) == (BATCH * 2 + 3, None)


@pytest.mark.parametrize("text", ["", "1", "x:" + "0" * 64, "1:abc", "-1:" + "0" * 64])
def test_head_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a head looks like"):
        Head.parse(text)


# What is written


@pytest.fixture
def root(world: World) -> Browser:
    return world.signed_in("root", Role.ADMIN)


def test_login_and_its_refusals_are_written_without_what_was_typed(world: World) -> None:
    world.signed_in("ann")
    world.browser().sign_in("my password by mistake", "x")
    world.browser().sign_in("ann", "wrong")
    (login,) = world.audited("login")
    assert (login.actor, login.actor_name, login.by) == ("usr-ann", "ann", "session")
    assert len(world.audited("login.failed")) == 2
    assert "mistake" not in repr(world.database.snapshot()["audit"])


def test_login_flood_of_refusals_does_not_fill_the_database(world: World) -> None:
    for n in range(100):
        world.app.test_client().post(
            "/v1/session",
            json={"name": f"user{n}", "password": "x"},
            environ_base={"REMOTE_ADDR": f"10.0.0.{n}"},
        )
    assert 60 <= len(world.audited("login.failed")) <= 99


def test_video_is_one_view_however_many_pieces_it_is_fetched_in(world: World) -> None:
    ann, root = world.signed_in("ann"), world.signed_in("root", Role.ADMIN)
    camera = world.add_camera("ann")
    clip = world.add_clip(make_sidecar(camera.id)).clip_id
    for start in range(5):
        assert ann.get(f"/v1/clips/{clip}/video", headers={"Range": f"bytes={start}-"}).status_code == 206
    ann.client.head(f"/v1/clips/{clip}/video")
    ann.get(f"/v1/clips/{clip}/sidecar")
    (view,) = world.audited("clip.view")
    assert (view.actor, view.target, view.camera, view.details) == ("usr-ann", clip, camera.id, {})
    root.get(f"/v1/clips/{clip}/video")
    ann.get(f"/v1/clips/{clip}/video?download=1")
    world.clock.advance(VIEW_S)
    ann.get(f"/v1/clips/{clip}/video")
    assert [(v.actor, v.details) for v in world.audited("clip.view")[1:]] == [
        ("usr-root", {}),
        ("usr-ann", {"download": "true"}),
        ("usr-ann", {}),
    ]


def test_video_that_is_not_theirs_is_no_view(world: World) -> None:
    world.add_user("bob")
    clip = world.add_clip(make_sidecar(world.add_camera("bob").id)).clip_id
    assert world.signed_in("ann").get(f"/v1/clips/{clip}/video").status_code == 404
    assert world.audited("clip.view") == []


def test_video_is_not_shown_while_the_log_cannot_be_written(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = world.signed_in("ann")
    clip = world.add_clip(make_sidecar(world.add_camera("ann").id)).clip_id

    def fail(_: object) -> bool:
        raise Transient("the database does not answer")

    with monkeypatch.context() as broken:
        broken.setattr(world.database.collection("audit"), "insert", fail)
        assert ann.get(f"/v1/clips/{clip}/video").status_code == 503
        assert ann.send("DELETE", f"/v1/clips/{clip}").status_code == 503
    assert ann.get(f"/v1/clips/{clip}/video").status_code == 200
    assert len(world.audited("clip.view")) == 1
    assert world.audited("clip.delete") == []


def test_changes_say_who_what_and_how(world: World, root: Browser) -> None:
    world.add_user("ann")
    camera = world.add_camera("ann")
    root.send("PUT", f"/v1/users/usr-ann/grants/{camera.id}", {"right": "view"})
    root.send("PATCH", "/v1/users/usr-ann", {"role": "viewer"})
    root.send("DELETE", f"/v1/users/usr-ann/grants/{camera.id}")
    root.send("DELETE", f"/v1/cameras/{camera.id}")
    program = world.bearing("root")
    made = program.send("POST", "/v1/cameras", {"name": "Hof"})
    assert made.status_code == 201
    token = made.get_json()["token"]
    (granted,) = world.audited("grant.set")
    assert (granted.target, granted.camera, granted.details) == ("usr-ann", camera.id, {"right": "view"})
    assert world.audited("user.change")[0].details == {"role": "viewer", "changed": "role"}
    assert world.audited("grant.withdraw")[0].camera == camera.id
    assert world.audited("camera.delete")[0].target == camera.id
    (created,) = world.audited("camera.create")
    assert (created.actor, created.details) == ("usr-root", {"name": "Hof"})
    assert created.by.startswith("tok-")
    assert token not in repr(world.database.snapshot()["audit"])
    assert verify(world.audit).problem is None


def test_passwords_and_links_are_written_without_secrets(world: World) -> None:
    link = invited(world)
    assert set_password(world, link) == (200, "vera")
    vera = world.browser()
    vera.sign_in("vera", NEW)
    vera.send("POST", "/v1/account/tokens", {"name": "backup", "scopes": ["read"], "days": 3})
    vera.send("PUT", "/v1/account/password", {"current": NEW, "new": "yet another phrase"})
    said = repr(world.database.snapshot()["audit"])
    for secret in (link, NEW, "yet another phrase"):
        assert secret not in said
    assert world.audited("password.link")[0].actor_name == "vera"
    assert world.audited("token.create")[0].details == {"name": "backup", "scopes": "read", "days": "3"}
    assert len(world.audited("password.change")) == 1


def test_refused_change_of_password_is_none(world: World) -> None:
    ann = world.signed_in("ann")
    ann.send("PUT", "/v1/account/password", {"current": "wrong", "new": NEW})
    assert world.audited("password.change") == []


# Searching for a plate


@pytest.mark.parametrize("path", ["/v1/sightings", "/v1/clips"])
def test_plate_search_is_written_once_for_all_its_pages(world: World, path: str) -> None:
    ann = world.signed_in("ann")
    ann.get(path)
    for _ in range(3):
        assert ann.get(f"{path}?text=AB1&reason=stolen+car").status_code == 200
    ann.get(f"{path}?text=ZZ9")
    assert [entry.details for entry in world.audited("plate.search")] == [
        {"text": "AB1", "reason": "stolen car"},
        {"text": "ZZ9"},
    ]


@pytest.mark.parametrize("path", ["/v1/sightings", "/v1/clips"])
def test_plate_search_without_a_reason_is_refused_where_a_setting_asks_for_one(tmp_path: Path, path: str) -> None:
    world = World(tmp_path, PLATE_SEARCH_REASON="1")
    ann = world.signed_in("ann")
    for query in ("text=AB1", "text=AB1&reason=", "text=AB1&reason=+x+"):
        answer = ann.get(f"{path}?{query}")
        assert (answer.status_code, answer.get_json()["code"]) == (422, "reason_needed")
        assert ann.client.head(f"{path}?{query}").status_code == 422
    assert ann.get(path).status_code == 200
    assert ann.get(f"{path}?text=AB1&reason=stolen+car").status_code == 200
    assert len(world.audited("plate.search")) == 1


@pytest.mark.parametrize("path", ["/v1/sightings", "/v1/clips"])
def test_search_for_a_person_is_written_like_one_for_a_plate(tmp_path: Path, path: str) -> None:
    world = World(tmp_path, PLATE_SEARCH_REASON="1")
    ann = world.signed_in("ann")
    assert ann.get(f"{path}?person=ada").get_json()["code"] == "reason_needed"
    for _ in range(2):
        assert ann.get(f"{path}?person=ada&reason=case+7").status_code == 200
    assert [entry.details for entry in world.audited("person.search")] == [{"person": "ada", "reason": "case 7"}]
    assert world.audited("plate.search") == []
    ann.get(f"{path}?person=ada&text=AB1&reason=case+7")
    assert len(world.audited("person.search")) == 2
    assert len(world.audited("plate.search")) == 1


# Reading it


def test_audit_is_read_by_admins_and_auditors_and_reading_it_is_written(world: World, root: Browser) -> None:
    for name, role, status in (("carl", Role.AUDITOR, 200), ("ann", Role.OPERATOR, 403), ("vera", Role.VIEWER, 403)):
        assert world.signed_in(name, role).get("/v1/audit").status_code == status
    assert root.get("/v1/audit").status_code == 200
    assert [entry.actor_name for entry in world.audited("audit.view")] == ["carl", "root"]


def test_audit_is_paged_newest_first_while_it_grows(world: World, root: Browser) -> None:
    for n in range(5):
        world.audit.append(Note("clip.view", target=str(n)))
    first = root.get("/v1/audit?action=clip.view&limit=2").get_json()
    assert [entry["target"] for entry in first["entries"]] == ["4", "3"]
    world.audit.append(Note("clip.view", target="5"))
    second = root.get(f"/v1/audit?action=clip.view&limit=2&cursor={first['next']}").get_json()
    assert [entry["target"] for entry in second["entries"]] == ["2", "1"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("action=clip.view", ["a"]),
        ("action=clip.", ["b", "a"]),
        ("action=clip", []),
        ("actor=usr-ann", ["c", "a"]),
        ("actor=Ann", ["c", "a"]),
        ("camera=cam-aaaaaaaaaa", ["b"]),
        ("target=c", ["c"]),
        ("from=1699999999000&to=1700000001000&action=clip.", ["b", "a"]),
        ("to=1600000000000", []),
    ],
)
def test_audit_filters(world: World, root: Browser, query: str, expected: list[str]) -> None:
    world.audit.append(Note("clip.view", "usr-ann", "ann", target="a"))
    world.audit.append(Note("clip.delete", "usr-bob", "bob", target="b", camera="cam-aaaaaaaaaa"))
    world.audit.append(Note("logout", "usr-ann", "ann", target="c"))
    entries = root.get(f"/v1/audit?{query}").get_json()["entries"]
    assert [entry["target"] for entry in entries if entry["target"]] == expected


@pytest.mark.parametrize("query", ["action=.*", "action=$where", "camera=x y", "limit=201", "cursor=x", "actor[$ne]=x"])
def test_audit_odd_filters_are_refused(root: Browser, query: str) -> None:
    assert root.get(f"/v1/audit?{query}").status_code == 400
