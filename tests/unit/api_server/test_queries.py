"""Queries as people ask, follow, cancel and delete them."""

import pytest
from werkzeug.test import TestResponse

from api_server.access.subject import Role
from api_server.indexer.retention_audit import RetentionAudit
from api_server.queries.erasure import AGAIN_S, FORGET_S
from api_server.queries.keeper import (
    ATTEMPTS_MAX,
    LOOK_FOR_STOP_S,
    STALLED_S,
    UNATTENDED_S,
    QueryRetention,
    patience_s,
)
from api_server.queries.record import QueryRecord, QueryState, query_file_key
from api_server.queries.sweep import SETTLED_AFTER_S, QuerySweep
from common.contracts.camera_settings import Purpose
from common.contracts.clip_event import PartReady, QueryFailed, QueryPlanned
from common.contracts.consumer_status import ConsumerStatus
from common.contracts.segment_job import JoinJob, PlanJob, cancelled_key, parse_job
from common.errors import Transient
from common.kafka.ports import Record
from tests.unit.api_server.world import VIDEO, Browser, World, make_sidecar, make_sighting, recorder_sidecar

START = 1_700_000_000_000
HOUR_MS = 3_600_000


@pytest.fixture
def ann(world: World) -> Browser:
    return world.signed_in("ann")


def add_footage(world: World, clips: int = 3) -> str:
    camera = world.add_camera("ann").id
    for n in range(clips):
        world.add_clip(recorder_sidecar(camera, START + n * 10_000))
    return camera


def ask(browser: Browser, camera: str, /, **fields: object) -> TestResponse:
    body = {"camera": camera, "from": START, "to": START + 30_000, "analysis": "license_plate", **fields}
    return browser.send("POST", "/v1/queries", {key: value for key, value in body.items() if value is not None})


def asked_id(browser: Browser, camera: str, /, **fields: object) -> str:
    answer = ask(browser, camera, **fields)
    assert answer.status_code == 202, answer.get_data(as_text=True)
    return str(answer.get_json()["id"])


def shown(browser: Browser, query_id: str) -> dict[str, object]:
    answer = browser.get(f"/v1/queries/{query_id}")
    assert answer.status_code == 200
    found: dict[str, object] = answer.get_json()
    return found


def known(world: World, query_id: str) -> QueryRecord:
    """As the database has it: sessions end while a test's clock runs."""
    query = world.queries.known(query_id)
    assert query is not None
    return query


def jobs(world: World) -> list[object]:
    return [parse_job(record.value or b"") for record in world.cluster.records("segment-jobs")]


def part(query_id: str, n: int, parts: int = 3) -> PartReady:
    return PartReady(query_id=query_id, part=n, parts=parts, object_key=f"x/{n}", frame_count=150, duration_ms=15_000)


def planned(query_id: str, parts: int = 3) -> QueryPlanned:
    return QueryPlanned(query_id=query_id, parts=parts, duration_ms=45_000, frame_count=450)


def report(world: World, analysis: str = "license_plate", waits_for: str | None = None, instance: str = "one") -> None:
    """A consumer says that it is there, and whether it can work."""
    status = ConsumerStatus(
        instance=instance,
        analysis=analysis,
        state="running",
        reason=waits_for,
        threads=1,
        at_us=world.clock.wall_us(),
    )
    world.board.take(Record("consumer-status", 0, 0, 0, None, status.to_json()))


# Asking


def test_ask_names_the_stored_clips_of_the_time(world: World, ann: Browser) -> None:
    camera = add_footage(world)
    answer = ask(ann, camera, **{"from": START + 200, "to": START + 10_200})
    assert answer.status_code == 202
    body = answer.get_json()
    assert answer.headers["Location"] == f"/v1/queries/{body['id']}"
    assert (body["state"], body["is_new"], body["name"]) == ("received", True, "Door")
    world.query_keeper.run_once()
    (plan,) = jobs(world)
    assert isinstance(plan, PlanJob)
    assert (plan.work.query_id, plan.work.camera) == (body["id"], camera)
    assert [(s.pts_a_ms, s.pts_b_ms, s.t0_us) for s in plan.sources] == [
        (200, None, START * 1000),
        (0, 200, (START + 10_000) * 1000),
    ]


def test_ask_the_same_twice_is_the_same_query(world: World, ann: Browser) -> None:
    camera = add_footage(world)
    first, second = ask(ann, camera), ask(ann, camera)
    assert (first.get_json()["id"], second.status_code) == (second.get_json()["id"], 202)
    assert second.get_json()["is_new"] is False
    other = ask(ann, camera, options={"every_ms": 100})
    assert other.get_json()["is_new"] is True
    forced = ask(ann, camera, force=True).get_json()
    assert forced["is_new"] is True
    assert forced["id"] != first.get_json()["id"]
    assert asked_id(ann, camera) == forced["id"]


@pytest.mark.parametrize("end", ["failed", "cancelled", "deleted"])
def test_ask_again_after_an_end_without_result_is_a_new_query(world: World, ann: Browser, end: str) -> None:
    camera = add_footage(world)
    first = asked_id(ann, camera)
    if end == "failed":
        world.query_events.write(QueryFailed(query_id=first, reason="The file has no video track."))
    elif end == "cancelled":
        assert ann.send("POST", f"/v1/queries/{first}/cancel").get_json()["state"] == "cancelled"
    else:
        assert ann.send("DELETE", f"/v1/queries/{first}").status_code == 204
    assert asked_id(ann, camera) != first


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"analysis": "recorder"}, "analysis: one of"),
        ({"analysis": 3}, "analysis"),
        ({"analysis": None}, "analysis"),
        ({"from": None}, "name a recording"),
        ({"to": START}, "from must lie before to"),
        ({"to": START + 32 * 24 * HOUR_MS}, "31 days"),
        ({"from": "yesterday"}, "from"),
        ({"recording": "up-" + "a" * 16}, "either a recording"),
        ({"recording": "../etc/passwd"}, "recording"),
        ({"camera": "Cam 1"}, "camera"),
        ({"options": {"mode": "fastest"}}, "options"),
        ({"options": {"every_ms": 0}}, "options.every_ms"),
        ({"options": {"min_confidence": 2}}, "options.min_confidence"),
        ({"options": {"file": "/etc/passwd"}}, "options.file"),
        ({"options": {"mode": "fast"}, "analysis": "emotion"}, "options.mode"),
        ({"force": "yes"}, "force"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_ask_wrongly_is_told_what_is_wrong(world: World, ann: Browser, fields: dict[str, object], words: str) -> None:
    answer = ask(ann, add_footage(world), **fields)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "invalid_request")
    assert words in answer.get_json()["message"]


def test_ask_about_nothing_recorded(world: World, ann: Browser) -> None:
    camera = add_footage(world)
    answer = ask(ann, camera, **{"from": START + HOUR_MS, "to": START + 2 * HOUR_MS})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "nothing_recorded")
    assert world.queries.ids() == set()


def test_ask_about_what_is_not_mine_is_404(world: World, ann: Browser) -> None:
    bob = world.signed_in("bob")
    camera, upload = add_footage(world), world.add_upload("ann")
    for answer in (
        ask(bob, camera),
        ask(bob, "cam-none222222"),
        bob.send("POST", "/v1/queries", {"recording": upload.id, "analysis": "license_plate"}),
        bob.send("POST", "/v1/queries", {"recording": "up-" + "a" * 16, "analysis": "license_plate"}),
    ):
        assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found")
    root = world.signed_in("root", Role.ADMIN)
    assert ask(root, camera).status_code == 202


def test_ask_while_the_store_is_away_is_refused_and_leaves_nothing(world: World, ann: Browser) -> None:
    camera = add_footage(world)
    world.store.fail_next("create", Transient("away"))
    assert ask(ann, camera).status_code == 503
    assert world.queries.ids() == set()


# Emotion


def test_emotion_on_a_camera_needs_its_purpose(world: World, ann: Browser) -> None:
    camera = add_footage(world)
    answer = ask(ann, camera, analysis="emotion", emotion_purpose={"text": "art", "expires_us": START * 1000 + 10**9})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "emotion_purpose_missing")
    purpose = Purpose(text="art in the lobby", expires_us=world.clock.wall_us() + 10**9)
    allowed = world.add_camera("ann", emotion_purpose=purpose).id
    world.add_clip(recorder_sidecar(allowed, START))
    body = ask(ann, allowed, analysis="emotion").get_json()
    assert body["emotion_purpose"]["text"] == "art in the lobby"


@pytest.mark.parametrize(
    ("purpose", "code"),
    [
        (None, "emotion_purpose_missing"),
        ({"text": "mood of employees", "expires_us": START * 1000 + 10**9}, "emotion_purpose_refused"),
        ({"text": "art", "expires_us": 1}, "emotion_purpose_expired"),
        ({"text": "art", "expires_us": START * 1000 + 10**15}, "emotion_purpose_too_long"),
        ({"text": "art", "expires_us": START * 1000 + 10**9}, None),
    ],
)
def test_emotion_on_an_upload_needs_one_stated(
    world: World, ann: Browser, purpose: dict[str, object] | None, code: str | None
) -> None:
    upload = world.add_upload("ann")
    body = {"recording": upload.id, "analysis": "emotion"} | ({"emotion_purpose": purpose} if purpose else {})
    answer = ann.send("POST", "/v1/queries", body)
    assert (answer.status_code, answer.get_json().get("code")) == ((422, code) if code else (202, None))


def test_emotion_query_ends_when_its_purpose_does(world: World, ann: Browser) -> None:
    upload = world.add_upload("ann")
    purpose = {"text": "art", "expires_us": world.clock.wall_us() + 60_000_000}
    answer = ann.send(
        "POST", "/v1/queries", {"recording": upload.id, "analysis": "emotion", "emotion_purpose": purpose}
    )
    query_id = answer.get_json()["id"]
    world.query_keeper.run_once()
    world.clock.advance(61)
    world.query_keeper.run_once()
    assert shown(ann, query_id)["reason"] == "The purpose of emotion analysis has expired."
    assert cancelled_key(query_id) in world.store.objects()


# Following


def test_progress_from_plan_to_result(world: World, ann: Browser) -> None:
    query_id = asked_id(ann, add_footage(world))
    world.query_keeper.run_once()
    world.query_events.write(planned(query_id))
    assert shown(ann, query_id)["state"] == "processing"
    world.clock.advance(10)
    world.query_events.write(part(query_id, 1))
    assert shown(ann, query_id)["progress"] == {
        "percent": 33,
        "parts": 3,
        "parts_done": 1,
        "frames": 150,
        "frames_per_s": 15.0,
        "eta_s": 20.0,
    }
    for n in (0, 2, 1):
        world.query_events.write(part(query_id, n))
    progress = shown(ann, query_id)["progress"]
    assert isinstance(progress, dict)
    assert (progress["percent"], progress["parts_done"], progress["frames"]) == (99, 3, 450)
    world.query_keeper.run_once()
    world.query_keeper.run_once()
    assert [type(job) for job in jobs(world)] == [PlanJob, JoinJob]
    world.finish_query(query_id, (make_sighting(0), make_sighting(1, text="K XY 9")), parts=3)
    body = shown(ann, query_id)
    assert (body["state"], body["sighting_count"], body["frame_count"]) == ("finished", 2, 150)
    assert body["video"] == f"/v1/queries/{query_id}/video"


def test_result_is_played_by_range_and_listed(world: World, ann: Browser) -> None:
    query_id = asked_id(ann, add_footage(world))
    path = f"/v1/queries/{query_id}"
    for name in ("video", "poster", "sidecar", "diff"):
        early = ann.get(f"{path}/{name}")
        assert (early.status_code, early.get_json()["code"]) == (409, "not_finished")
    world.finish_query(query_id, tuple(make_sighting(n) for n in range(3)))
    answer = ann.get(f"{path}/video", headers={"Range": "bytes=10-19"})
    assert (answer.status_code, answer.data) == (206, VIDEO[10:20])
    assert ann.get(f"{path}/video").data.startswith(VIDEO)
    assert ann.get(f"{path}/video", headers={"Range": "bytes=999999-"}).status_code == 416
    assert 'filename="Door_license_plate.mp4"' in ann.get(f"{path}/video?download=1").headers["Content-Disposition"]
    assert ann.get(f"{path}/poster").mimetype == "image/jpeg"
    assert ann.get(f"{path}/sidecar").get_json()["frame_count"] == 150
    first = ann.get(f"{path}/sightings?limit=2").get_json()
    rest = ann.get(f"{path}/sightings?limit=2&cursor={first['next']}").get_json()
    assert [s["n"] for s in first["sightings"] + rest["sightings"]] == [0, 1, 2]
    assert rest["next"] is None


def test_list_filters_and_pages(world: World, ann: Browser) -> None:
    camera, upload = add_footage(world), world.add_upload("ann")
    ids = []
    for options in ({}, {"every_ms": 100}, {"every_ms": 200}):
        world.clock.advance(1)
        ids.append(asked_id(ann, camera, options=options))
    world.clock.advance(1)
    ids.append(ann.send("POST", "/v1/queries", {"recording": upload.id, "analysis": "license_plate"}).get_json()["id"])
    world.finish_query(ids[1])

    def listed(query: str, browser: Browser = ann) -> list[str]:
        return [q["id"] for q in browser.get(f"/v1/queries?{query}").get_json()["queries"]]

    assert listed("") == ids[::-1]
    assert listed("state=finished") == [ids[1]]
    assert listed(f"camera={camera}") == ids[2::-1]
    assert listed(f"recording={upload.id}") == [ids[3]]
    first = ann.get("/v1/queries?limit=3").get_json()
    assert listed(f"limit=3&cursor={first['next']}") == [ids[0]]
    assert listed("", world.signed_in("bob")) == []
    assert listed("", world.signed_in("root", Role.ADMIN)) == ids[::-1]
    for bad in ("state=deleted", "camera=A", "cursor=x", "limit=0", "limit=201", "recording=up-1", "x=1"):
        assert ann.get(f"/v1/queries?{bad}").status_code == 400, bad


def test_query_of_a_deleted_camera_is_gone_at_once_and_erased(world: World, ann: Browser) -> None:
    camera = add_footage(world)
    query_id = asked_id(ann, camera)
    root = world.signed_in("root", Role.ADMIN)
    world.registry.delete(camera)
    for browser in (ann, root):
        assert browser.get(f"/v1/queries/{query_id}").status_code == 404
        assert browser.get("/v1/queries").get_json()["queries"] == []
    keeper = retention(world)
    assert keeper.run_once() == 1
    world.query_eraser.run_once()
    assert [key for key in world.store.objects() if key.startswith("queries/")] == [cancelled_key(query_id)]


# Cancelling and deleting


def test_cancel_puts_the_object_that_stops_workers(world: World, ann: Browser) -> None:
    query_id = asked_id(ann, add_footage(world))
    answer = ann.send("POST", f"/v1/queries/{query_id}/cancel")
    assert (answer.status_code, answer.get_json()["state"]) == (200, "cancelled")
    assert cancelled_key(query_id) in world.store.objects()
    world.query_events.write(part(query_id, 0))
    world.finish_query(query_id)
    assert shown(ann, query_id)["state"] == "cancelled"
    assert ann.send("POST", f"/v1/queries/{query_id}/cancel").status_code == 200


def test_cancel_after_the_end_changes_nothing(world: World, ann: Browser) -> None:
    query_id = asked_id(ann, add_footage(world))
    world.finish_query(query_id)
    assert ann.send("POST", f"/v1/queries/{query_id}/cancel").get_json()["state"] == "finished"
    assert cancelled_key(query_id) not in world.store.objects()


def test_cancel_that_the_database_lost_is_taken_from_the_store(world: World, ann: Browser) -> None:
    query_id = asked_id(ann, add_footage(world))
    world.query_keeper.run_once()
    kept = world.database.snapshot()
    ann.send("POST", f"/v1/queries/{query_id}/cancel")
    world.database.crash(kept)
    world.clock.advance(LOOK_FOR_STOP_S)
    world.query_keeper.run_once()
    assert shown(ann, query_id)["state"] == "cancelled"


def test_delete_erases_everything_and_no_event_brings_it_back(world: World, ann: Browser) -> None:
    query_id = asked_id(ann, add_footage(world))
    world.finish_query(query_id, (make_sighting(),))
    assert ann.send("DELETE", f"/v1/queries/{query_id}").status_code == 204
    assert ann.get(f"/v1/queries/{query_id}").status_code == 404
    world.query_eraser.run_once()
    stop = cancelled_key(query_id)
    assert [key for key in world.store.objects() if key.startswith("queries/")] == [stop]
    assert world.queries.sightings_of(query_id) == []
    # A worker was at a part; its object comes late, and is found an hour later.
    world.store.create(f"queries/{query_id}/parts/0.mp4", b"late", "video/mp4")
    world.query_events.write(part(query_id, 0))
    world.clock.advance(AGAIN_S + 1)
    world.query_eraser.run_once()
    assert [key for key in world.store.objects() if key.startswith("queries/")] == [stop]
    assert known(world, query_id).state is QueryState.DELETED
    world.clock.advance(FORGET_S)
    assert world.query_eraser.forget() == 1
    assert world.queries.ids() == set()
    assert not [key for key in world.store.objects() if key.startswith("queries/")]


def test_parts_go_an_hour_after_the_end_and_the_result_stays(world: World, ann: Browser) -> None:
    query_id = asked_id(ann, add_footage(world))
    world.store.create(f"queries/{query_id}/parts/0.mp4", b"part", "video/mp4")
    world.finish_query(query_id)
    assert world.query_eraser.drop_parts() == 0
    world.clock.advance(AGAIN_S + 1)
    assert (world.query_eraser.drop_parts(), world.query_eraser.drop_parts()) == (1, 0)
    left = [key.rsplit("/", 1)[1] for key in world.store.objects() if key.startswith("queries/")]
    assert sorted(left) == ["query.json", "result.jpg", "result.mp4"]


def retention(world: World) -> QueryRetention:
    hours = (72 * HOUR_MS, 24 * HOUR_MS, 720 * HOUR_MS)
    write_down = RetentionAudit(world.audit).others
    return QueryRetention(world.queries, world.uploads, world.cameras, *hours, write_down, world.clock)


def test_retention_plates_go_after_a_day_uploads_after_a_month(world: World, ann: Browser) -> None:
    query_id = asked_id(ann, add_footage(world))
    upload = world.add_upload("ann")
    world.finish_query(query_id)
    world.clock.advance(23 * 3600)
    assert retention(world).run_once() == 0
    world.clock.advance(2 * 3600)
    assert retention(world).run_once() == 1
    assert known(world, query_id).state is QueryState.DELETING
    world.clock.advance(720 * 3600)
    retention(world).run_once()
    world.query_eraser.run_once()
    assert upload.key not in world.store.objects()
    assert [entry.details for entry in world.audited("retention.expire")] == [{"ids": query_id}, {"ids": upload.id}]


# Nothing hangs


def test_failed_says_why_and_stops_the_other_parts(world: World, ann: Browser) -> None:
    query_id = asked_id(ann, add_footage(world))
    world.query_events.write(planned(query_id))
    world.query_events.write(QueryFailed(query_id=query_id, part=1, reason="The recording is no longer there."))
    body = shown(ann, query_id)
    assert (body["state"], body["reason"]) == ("failed", "The recording is no longer there.")
    assert cancelled_key(query_id) in world.store.objects()


def test_failure_of_a_part_that_is_done_or_of_a_repeated_plan_spoils_nothing(world: World, ann: Browser) -> None:
    query_id = asked_id(ann, add_footage(world))
    world.query_events.write(planned(query_id))
    world.query_events.write(part(query_id, 1))
    world.query_events.write(QueryFailed(query_id=query_id, part=1, reason="The recording is no longer there."))
    world.query_events.write(QueryFailed(query_id=query_id, reason="The recording is no longer there."))
    assert shown(ann, query_id)["state"] == "processing"


def test_nobody_at_work_is_said_and_ends_after_a_day(world: World, ann: Browser) -> None:
    query_id = asked_id(ann, add_footage(world))
    world.query_keeper.run_once()
    assert shown(ann, query_id)["note"] == "It waits: no consumer of license plate is running."
    world.clock.advance(UNATTENDED_S - 60)
    world.query_keeper.run_once()
    assert known(world, query_id).state is QueryState.RECEIVED
    world.clock.advance(120)
    world.query_keeper.run_once()
    assert known(world, query_id).reason == "No consumer of license_plate has run for a day."


def test_standing_still_has_its_jobs_sent_anew_and_fails_in_the_end(world: World, ann: Browser) -> None:
    query_id = asked_id(ann, add_footage(world))
    world.query_keeper.run_once()
    world.query_events.write(planned(query_id))
    step_s = patience_s(known(world, query_id)) / 2 + 1
    attempts = []
    for _ in range(20):
        report(world)
        world.query_keeper.run_once()
        world.query_keeper.run_once()
        attempts.append(known(world, query_id).attempts)
        world.clock.advance(step_s)
    assert sorted(set(attempts)) == list(range(ATTEMPTS_MAX + 1))
    assert len([job for job in jobs(world) if isinstance(job, PlanJob)]) == 1 + ATTEMPTS_MAX
    assert known(world, query_id).state is QueryState.FAILED
    assert "stood still" in str(known(world, query_id).reason)


def test_model_that_does_not_answer_is_no_standstill_and_is_said(world: World, ann: Browser) -> None:
    silent = "The model has not answered for 7 s."
    query_id = asked_id(ann, add_footage(world))
    world.query_keeper.run_once()
    world.query_events.write(planned(query_id))
    for _ in range(20):
        report(world, waits_for=silent)
        world.query_keeper.run_once()
        assert shown(ann, query_id)["note"] == f"It waits. {silent}"
        world.clock.advance(STALLED_S)
    report(world, waits_for=silent)
    report(world, instance="two")
    world.query_keeper.run_once()
    assert shown(ann, query_id)["note"] is None
    assert known(world, query_id).attempts == 0
    world.clock.advance(UNATTENDED_S)
    report(world, waits_for=silent)
    world.query_keeper.run_once()
    assert known(world, query_id).reason == f"It waited for a day. {silent}"


def test_waiting_behind_another_query_is_no_standstill(world: World, ann: Browser) -> None:
    camera = add_footage(world)
    busy, waiting = asked_id(ann, camera), asked_id(ann, camera, options={"every_ms": 100})
    world.query_keeper.run_once()
    for query_id in (busy, waiting):
        world.query_events.write(planned(query_id, 100))
    for n in range(10):
        report(world)
        world.query_events.write(part(busy, n, 100))
        world.query_keeper.run_once()
        world.clock.advance(STALLED_S / 2)
    assert known(world, waiting).attempts == 0


def test_join_that_was_lost_is_sent_anew(world: World, ann: Browser) -> None:
    query_id = asked_id(ann, add_footage(world))
    world.query_keeper.run_once()
    for n in range(3):
        world.query_events.write(part(query_id, n))
    for _ in range(6):
        report(world)
        world.query_keeper.run_once()
        world.query_keeper.run_once()
        world.clock.advance(STALLED_S / 2)
    assert len([job for job in jobs(world) if isinstance(job, JoinJob)]) >= 2


# The database loses, the store is right


def test_query_that_the_database_lost_comes_back_with_its_next_event(world: World, ann: Browser) -> None:
    kept = world.database.snapshot()
    camera = add_footage(world)
    with_camera = world.database.snapshot()
    query_id = asked_id(ann, camera)
    world.query_keeper.run_once()
    world.database.crash({**with_camera, "queries": kept["queries"]})
    assert ann.get(f"/v1/queries/{query_id}").status_code == 404
    world.query_events.write(planned(query_id))
    assert shown(ann, query_id)["state"] == "processing"


def test_empty_database_gets_queries_and_uploads_back_from_the_store(world: World, ann: Browser) -> None:
    camera = add_footage(world)
    upload = world.add_upload("ann")
    finished, stopped, waiting = (asked_id(ann, camera, options={"every_ms": n}) for n in (100, 200, 300))
    failed = asked_id(ann, camera)
    world.finish_query(finished, (make_sighting(),))
    ann.send("POST", f"/v1/queries/{stopped}/cancel")
    world.query_events.write(QueryFailed(query_id=failed, reason="The file has no video track."))
    before = {q["id"]: q["state"] for q in ann.get("/v1/queries").get_json()["queries"]}
    everything = world.database.snapshot()
    world.database.crash({**everything, "queries": {}, "query_sightings": {}, "uploads": {}})
    world.clock.advance(SETTLED_AFTER_S + 1)
    sweep = QuerySweep(world.queries, world.uploads, world.query_events, world.store, world.clock)
    assert sweep.run_once() == 5
    assert {q["id"]: q["state"] for q in ann.get("/v1/queries").get_json()["queries"]} == before
    assert before == {finished: "finished", stopped: "cancelled", waiting: "received", failed: "failed"}
    assert len(ann.get(f"/v1/queries/{finished}/sightings").get_json()["sightings"]) == 1
    assert shown(ann, failed)["reason"] == "The file has no video track."
    assert ann.get(f"/v1/recordings/{upload.id}").get_json()["name"] == "Ärger im Hof.mp4"
    assert sweep.run_once() == 0


def test_result_that_the_store_lost_takes_its_query_along(world: World, ann: Browser) -> None:
    query_id = asked_id(ann, add_footage(world))
    world.finish_query(query_id)
    world.store.delete(f"queries/{query_id}/result.mp4")
    world.clock.advance(SETTLED_AFTER_S + 1)
    QuerySweep(world.queries, world.uploads, world.query_events, world.store, world.clock).run_once()
    assert ann.get(f"/v1/queries/{query_id}").status_code == 404


def test_query_file_that_is_gone_ends_the_query(world: World, ann: Browser) -> None:
    query_id = asked_id(ann, add_footage(world))
    world.store.delete(query_file_key(query_id))
    world.query_keeper.run_once()
    assert shown(ann, query_id)["state"] == "failed"


def test_upload_learns_from_its_first_query(world: World, ann: Browser) -> None:
    upload, broken = world.add_upload("ann"), world.add_upload("ann")
    for one, event in ((upload, planned), (broken, None)):
        answer = ann.send("POST", "/v1/queries", {"recording": one.id, "analysis": "license_plate"})
        query_id = answer.get_json()["id"]
        failed = QueryFailed(query_id=query_id, reason="The file has no video track.")
        world.query_events.write(event(query_id) if event is not None else failed)
    assert ann.get(f"/v1/recordings/{upload.id}").get_json()["duration_ms"] == 45_000
    assert ann.get(f"/v1/recordings/{broken.id}").get_json()["problem"] == "The file has no video track."
    again = ann.send("POST", "/v1/queries", {"recording": broken.id, "analysis": "license_plate"})
    assert (again.status_code, again.get_json()["code"]) == (422, "unusable_recording")


# Comparing


def test_diff_against_what_was_found_live_and_against_another_query(world: World, ann: Browser) -> None:
    camera = add_footage(world)
    at_us = START * 1000

    def seen(n: int, text: str, first_s: float, **fields: object) -> object:
        first = at_us + int(first_s * 1e6)
        return make_sighting(n, text=text, first_us=first, last_us=first + 1_000_000, **fields)

    live = (seen(0, "M AB 123", 1), seen(1, "K XY 9", 5), seen(2, "B 00 7", 8, box=(300, 300, 50, 20)))
    world.add_clip(make_sidecar(camera, sightings=live))  # type: ignore[arg-type]
    query_id = asked_id(ann, camera)
    found = (seen(0, "M AB 123", 1.2), seen(1, "K XY 8", 5), seen(2, "HH Z 1", 20))
    world.finish_query(query_id, found)  # type: ignore[arg-type]
    diff = ann.get(f"/v1/queries/{query_id}/diff").get_json()
    assert (diff["before_count"], diff["after_count"], diff["same"]) == (3, 3, 1)
    assert [s["words"] for s in diff["added"]] == ["HH Z 1"]
    assert [s["words"] for s in diff["removed"]] == ["B 00 7"]
    assert [(c["before"]["words"], c["after"]["words"]) for c in diff["changed"]] == [("K XY 9", "K XY 8")]
    assert diff["removed"][0]["clip"] is not None
    other = asked_id(ann, camera, options={"every_ms": 100})
    assert ann.get(f"/v1/queries/{query_id}/diff?against={other}").status_code == 409
    world.finish_query(other, found)  # type: ignore[arg-type]
    same = ann.get(f"/v1/queries/{query_id}/diff?against={other}").get_json()
    assert (same["same"], same["added"], same["removed"], same["changed"]) == (3, [], [], [])
    assert ann.get(f"/v1/queries/{query_id}/diff?against=q-{'z' * 16}").status_code == 404
    assert ann.get(f"/v1/queries/{query_id}/diff?against=x").status_code == 400


def test_diff_of_an_upload_has_nothing_to_compare_with(world: World, ann: Browser) -> None:
    upload = world.add_upload("ann")
    query_id = ann.send("POST", "/v1/queries", {"recording": upload.id, "analysis": "license_plate"}).get_json()["id"]
    world.finish_query(query_id)
    assert ann.get(f"/v1/queries/{query_id}/diff").get_json()["code"] == "no_earlier_result"
