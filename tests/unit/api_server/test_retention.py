"""Retention per camera and analysis, holds, and what counts against the cap."""

import dataclasses

import pytest

from api_server.access.subject import Role
from api_server.audit.entry import Note
from api_server.audit.verify import verify
from api_server.clips.holds import HOLDS_PREFIX, Holds
from api_server.indexer.retention import EXPIRE_EVERY_S
from api_server.indexer.sweep import Sweep
from common.errors import Transient
from common.storage.clips import read_sidecar
from tests.unit.api_server.test_erasure import KEPT, make_retention
from tests.unit.api_server.world import Browser, World, make_sidecar, make_sighting, recorder_sidecar

HOUR_S = 3600
REASON = {"reason": "case 7/2026"}


def holds_of(world: World) -> Holds:
    return Holds(world.database, world.store, world.clock)


def clip_of(world: World, owner: str = "ann", **fields: object) -> str:
    camera = world.add_camera(owner)
    return world.add_clip(make_sidecar(camera.id, sightings=(make_sighting(),), **fields)).clip_id  # type: ignore[arg-type]


def hold(browser: Browser, clip: str) -> None:
    answer = browser.send("PUT", f"/v1/clips/{clip}/hold", REASON)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert answer.get_json()["hold_reason"] == REASON["reason"]


def test_camera_keeps_its_clips_for_its_own_time(world: World) -> None:
    world.add_user("ann")
    usual, short, long = (
        world.add_camera("ann", retention_hours=hours)
        for hours in ({}, {"recorder": 3}, {"recorder": 200, "license_plate": 48})
    )
    clips = {c.id: world.add_clip(recorder_sidecar(c.id)).clip_id for c in (usual, short, long)}
    plate = world.add_clip(make_sidecar(long.id, sightings=(make_sighting(),))).clip_id
    retention = make_retention(world)
    world.clock.advance(4 * HOUR_S)
    assert retention.run_once() == 1
    assert world.clips.get(clips[short.id]) is None
    world.clock.advance(40 * HOUR_S)
    assert retention.run_once() == 0
    assert world.clips.get(plate) is not None
    world.clock.advance(30 * HOUR_S)
    assert retention.run_once() == 2
    assert [world.clips.get(clip) is not None for clip in (clips[usual.id], clips[long.id], plate)] == [
        False,
        True,
        False,
    ]


def test_clips_that_saw_nothing_go_earlier(world: World) -> None:
    empty = world.add_clip(make_sidecar(analysis="emotion", sightings=())).clip_id
    seen = world.add_clip(make_sidecar(analysis="emotion", start_ms=1_700_000_010_000)).clip_id
    footage = world.add_clip(recorder_sidecar()).clip_id
    world.clock.advance(13 * HOUR_S)
    assert make_retention(world).run_once() == 1
    assert [world.clips.get(clip) is not None for clip in (empty, seen, footage)] == [False, True, True]


@pytest.mark.parametrize(
    "hours", [{"recorder": 2}, {"recorder": 87_601}, {"nonsense": 10}, {"recorder": "9"}, {"recorder": None}, []]
)
def test_camera_with_a_retention_that_cannot_be_is_refused(world: World, hours: object) -> None:
    answer = world.signed_in("ann").send("POST", "/v1/cameras", {"name": "Door", "retention_hours": hours})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "invalid_request")


def test_camera_retention_is_changed_shown_and_published(world: World) -> None:
    ann = world.signed_in("ann")
    camera = world.add_camera("ann")
    answer = ann.send("PATCH", f"/v1/cameras/{camera.id}", {"retention_hours": {"recorder": 5}})
    assert answer.get_json()["retention_hours"] == {"recorder": 5}
    published = world.published()[camera.id]
    assert published is not None
    assert published.retention_hours == {"recorder": 5}


def test_what_expires_is_written_down_before_it_goes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    clips = [world.add_clip(recorder_sidecar(start_ms=1_700_000_000_000 + n * 10_000)).clip_id for n in range(3)]
    retention = make_retention(world)
    world.clock.advance(100 * HOUR_S)
    append = world.audit.append

    def away(note: Note) -> None:
        raise Transient("the log cannot be written")

    monkeypatch.setattr(world.audit, "append", away)
    with pytest.raises(Transient):
        retention.run_once()
    assert all(world.clips.get(clip) is not None for clip in clips)
    monkeypatch.setattr(world.audit, "append", append)
    assert retention.run_once() == 3
    (entry,) = world.audited("retention.expire")
    assert (entry.by, entry.actor, entry.camera) == ("retention", "", "cam-aaaaaaaaaa")
    assert entry.details == {
        "clips": "3",
        "cameras": "cam-aaaaaaaaaa",
        "analyses": "recorder",
        "from": "2023-11-14T22:13:20+00:00",
        "to": "2023-11-14T22:13:50+00:00",
    }
    assert retention.run_once() == 0
    assert len(world.audited("retention.expire")) == 1
    assert verify(world.audit, None).problem is None


def test_what_expires_goes_in_batches_and_what_is_over_the_cap_at_once(world: World) -> None:
    retention = make_retention(world)
    assert retention.run_once() == 0
    clip = world.add_clip(recorder_sidecar()).clip_id
    world.clock.advance(EXPIRE_EVERY_S - 1)
    assert retention.run_once() == 0
    world.clock.advance(100 * HOUR_S)
    assert retention.run_once() == 1
    assert world.clips.get(clip) is None
    world.add_user("ann")
    upload = world.add_upload("ann", size=10**6)
    late = world.add_clip(recorder_sidecar(start_ms=world.now_ms)).clip_id
    assert make_retention(world, dataclasses.replace(KEPT, footage_bytes=1)).run_once() == 2
    (entry,) = world.audited("retention.cap")
    assert (entry.details["clips"], entry.details["ids"]) == ("1", upload.id)
    assert world.clips.get(late) is None


def test_held_clip_cannot_be_deleted_by_anybody(world: World) -> None:
    ann = world.signed_in("ann")
    clip = clip_of(world)
    hold(ann, clip)
    for browser in (ann, world.signed_in("root", Role.ADMIN)):
        answer = browser.send("DELETE", f"/v1/clips/{clip}")
        assert (answer.status_code, answer.get_json()["code"]) == (409, "held")
        camera = browser.send("DELETE", f"/v1/cameras/{world.record(clip).camera}")
        assert (camera.status_code, camera.get_json()["code"]) == (409, "held")
    assert len(ann.get(f"/v1/clips/{clip}").get_json()["sightings"]) == 1
    assert ann.send("DELETE", f"/v1/clips/{clip}/hold").status_code == 204
    assert ann.send("DELETE", f"/v1/clips/{clip}").status_code == 204


def test_held_clip_survives_every_sweeper(world: World) -> None:
    ann = world.signed_in("ann")
    clip = clip_of(world, start_ms=1_700_000_000_000)
    other = world.add_clip(make_sidecar(world.record(clip).camera, start_ms=1_700_000_010_000)).clip_id
    hold(ann, clip)
    world.clock.advance(200 * HOUR_S)
    kept = dataclasses.replace(KEPT, footage_bytes=0)
    assert make_retention(world, kept).run_once() == 1
    assert make_retention(world, kept).run_once() == 0
    sweep = Sweep(world.database, world.writer, world.store, world.producer, "clip-events", world.metrics, world.clock)
    sweep.run_once()
    for _ in range(2):
        world.eraser.run_once()
    assert world.clips.get(clip) is not None
    assert world.clips.get(other) is None
    assert not read_sidecar(world.store, world.record(clip).clip_id).is_tombstone
    assert len(world.clips.sightings_of(clip)) == 1


def test_hold_covers_the_remainders_of_the_window_also_those_that_come_later(world: World) -> None:
    ann = world.signed_in("ann")
    clip = clip_of(world)
    camera = world.record(clip).camera
    hold(ann, clip)
    late = world.add_clip(make_sidecar(camera, remainder=1, first_offset=900)).clip_id
    world.clock.advance(200 * HOUR_S)
    assert make_retention(world).run_once() == 0
    assert world.record(late).held_us is not None
    ann.sign_in("ann")
    assert ann.send("DELETE", f"/v1/clips/{late}").status_code == 409
    ann.send("DELETE", f"/v1/clips/{clip}/hold")
    assert [world.record(c).held_us for c in (clip, late)] == [None, None]
    assert make_retention(world).run_once() == 2


def test_hold_is_looked_up_in_the_store_before_anything_is_deleted_or_erased(world: World) -> None:
    ann = world.signed_in("ann")
    clip = clip_of(world)
    hold(ann, clip)
    late = world.add_clip(make_sidecar(world.record(clip).camera, remainder=1, first_offset=900)).clip_id
    assert world.record(late).held_us is None
    assert ann.send("DELETE", f"/v1/clips/{late}").status_code == 409
    assert world.clips.hide_window(world.record(late), "by something that did not ask")
    world.eraser.run_once()
    assert [world.clips.get(c) is not None for c in (clip, late)] == [True, True]
    assert not read_sidecar(world.store, world.record(late).clip_id).is_tombstone


def test_hold_outlives_the_database(world: World) -> None:
    ann = world.signed_in("ann")
    clip = clip_of(world)
    before = world.database.snapshot()
    hold(ann, clip)
    world.database.crash(before)
    assert world.record(clip).held_us is None
    world.clock.advance(200 * HOUR_S)
    assert make_retention(world).run_once() == 0
    record = world.record(clip)
    assert (record.held_by, record.hold_reason) == ("usr-ann", REASON["reason"])


def test_hold_of_a_clip_that_is_deleted_at_the_same_moment_leaves_nothing(world: World) -> None:
    clip = clip_of_ann(world)
    record = world.record(clip)
    world.clips.hide_window(record, "deleted")
    assert not holds_of(world).hold(record, "usr-ann", "late")
    assert not [key for key in world.store.objects() if key.startswith(HOLDS_PREFIX)]


def test_hold_comes_in_between_a_deletion_that_has_begun(world: World) -> None:
    """The record's own state decides, in one atomic operation."""
    clip = clip_of_ann(world)
    stale = world.record(clip)
    assert holds_of(world).hold(stale, "usr-ann", "in time")
    assert not world.clips.hide_window(stale, "deleted")
    assert world.clips.get(clip) is not None


def clip_of_ann(world: World) -> str:
    world.add_user("ann")
    return clip_of(world)


def test_release_cut_off_half_way_is_released_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    record = world.record(clip_of_ann(world))
    holds = holds_of(world)
    assert holds.hold(record, "usr-ann", "x")
    world.database.is_down = True
    with pytest.raises(Transient):
        holds.release(record)
    world.database.is_down = False
    assert world.record(record.id).held_us is not None
    holds.release(world.record(record.id))
    assert (world.record(record.id).held_us, holds.restore()) == (None, frozenset())


def test_cap_counts_uploads_and_results_and_drops_the_oldest_of_all(world: World) -> None:
    world.add_user("ann")
    upload = world.add_upload("ann")
    world.clock.advance(60)
    now_ms = world.now_ms // 10_000 * 10_000
    camera = world.add_camera("ann")
    clips = [world.add_clip(recorder_sidecar(camera.id, now_ms + n * 10_000)) for n in range(2)]
    total = upload.size + 2 * clips[0].video_bytes
    assert make_retention(world, dataclasses.replace(KEPT, footage_bytes=total)).run_once() == 0
    assert make_retention(world, dataclasses.replace(KEPT, footage_bytes=total - 1)).run_once() == 1
    assert world.uploads.get(upload.id) is None
    world.query_eraser.run_once()
    left = dataclasses.replace(KEPT, footage_bytes=2 * clips[0].video_bytes - 1)
    assert make_retention(world, left).run_once() == 1
    assert [world.clips.get(c.clip_id) is not None for c in clips] == [False, True]


def test_cap_drops_an_old_result_of_a_query(world: World) -> None:
    ann = world.signed_in("ann")
    upload = world.add_upload("ann")
    world.clock.advance(1)
    query = ann.send("POST", "/v1/queries", {"recording": upload.id, "analysis": "license_plate"}).get_json()["id"]
    world.finish_query(query)
    found = world.queries.get(query)
    assert found is not None
    assert found.result_bytes > 0
    assert world.queries.total_bytes() == found.result_bytes
    kept = dataclasses.replace(KEPT, footage_bytes=found.result_bytes)
    assert make_retention(world, kept).run_once() == 1
    assert world.uploads.get(upload.id) is None
    world.query_eraser.run_once()
    assert make_retention(world, dataclasses.replace(KEPT, footage_bytes=1)).run_once() == 1
    assert world.queries.get(query) is None
    world.query_eraser.run_once()
    assert world.queries.total_bytes() == 0


def test_report_names_the_oldest_of_each_camera_and_what_is_overdue(world: World) -> None:
    ann, root = world.signed_in("ann"), world.signed_in("root", Role.ADMIN)
    camera = world.add_camera("ann", retention_hours={"recorder": 5})
    world.add_user("bob")
    world.add_camera("bob")
    first = world.add_clip(recorder_sidecar(camera.id)).clip_id
    world.add_clip(recorder_sidecar(camera.id, 1_700_000_010_000))
    said = ann.get("/v1/retention").get_json()
    lines = {line["analysis"]: line for line in said["clips"]}
    assert {line["camera"] for line in said["clips"]} == {camera.id}
    recorder, plates = lines["recorder"], lines["license_plate"]
    assert (recorder["hours"], recorder["own"], recorder["oldest"], recorder["overdue"]) == (5, True, first, False)
    assert (plates["hours"], plates["own"], plates["oldest"]) == (24, False, None)
    assert said["bytes"] is None
    world.clock.advance(6 * HOUR_S)
    root.sign_in("root")
    everything = root.get("/v1/retention").get_json()
    assert everything["bytes"]["used"] == everything["bytes"]["clips"] == world.clips.total_bytes()
    assert [line["overdue"] for line in everything["clips"] if line["oldest"]] == [True]
