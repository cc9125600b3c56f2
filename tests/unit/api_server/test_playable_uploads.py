"""Uploads that are made playable, on the API's side: one job each, one answer; what is made goes with its upload."""

from typing import Any

import pytest

from api_server.indexer.retention import Kept
from api_server.indexer.writer import Outcome
from api_server.queries.sweep import QuerySweep
from api_server.recordings.playable_sweep import PlayableSweep
from api_server.recordings.preparation import AGAIN_S
from api_server.recordings.record import PlayableState, Upload
from api_server.strays import SETTLED_AFTER_S
from common.contracts.playable import PrepareJob, UploadPrepared, playable_key
from common.contracts.segment_job import parse_job
from common.errors import Transient
from tests.unit.api_server.test_erasure import make_retention
from tests.unit.api_server.test_queries import report
from tests.unit.api_server.world import FILM, Browser, World

MADE = b"\x00\x00\x00\x18ftypisom" + b"m" * 6_000


@pytest.fixture
def ann(world: World) -> Browser:
    return world.signed_in("ann")


def add_upload(world: World, **fields: Any) -> Upload:
    return world.add_upload("ann", name="yard.mkv", container="mkv", media="video/x-matroska", **fields)


def asked(world: World) -> list[str]:
    """Uploads that a worker was asked for."""
    world.upload_preparer.run_once()
    found = [parse_job(record.value or b"") for record in world.cluster.records("segment-jobs")]
    return [job.upload_id for job in found if isinstance(job, PrepareJob)]


def said(upload: Upload, state: str = "made", **fields: Any) -> UploadPrepared:
    return UploadPrepared.model_validate({"upload_id": upload.id, "state": state, **fields})


def make(world: World, upload: Upload, **fields: Any) -> Outcome:
    """As a worker does."""
    world.store.create(upload.playable_key, MADE, "video/mp4")
    return world.writer.write(said(upload, media="video/mp4", **fields))


def shown(browser: Browser, upload: Upload) -> Any:
    return browser.get(f"/v1/recordings/{upload.id}").get_json()


def test_upload_is_asked_for_once(world: World, ann: Browser) -> None:
    upload = add_upload(world)
    assert shown(ann, upload)["playable"] == "pending"
    assert asked(world) == [upload.id]
    assert asked(world) == [upload.id]
    job = parse_job(world.cluster.records("segment-jobs")[0].value or b"")
    assert job == PrepareJob(upload_id=upload.id, object_key=f"uploads/{upload.id}")


def test_upload_without_an_answer_is_asked_for_again_when_somebody_was_there(world: World, ann: Browser) -> None:
    upload = add_upload(world)
    assert len(asked(world)) == 1
    world.clock.advance(10 * AGAIN_S)
    assert len(asked(world)) == 1, "nobody was there to answer"
    for waited_s, times in ((0.0, 1), (AGAIN_S - 30, 1), (60.0, 2), (60.0, 2)):
        world.clock.advance(waited_s)
        report(world, "recorder")
        assert len(asked(world)) == times, waited_s
    world.writer.write(said(upload, "original"))
    world.clock.advance(10 * AGAIN_S)
    report(world, "recorder")
    assert len(asked(world)) == 2, "it has an answer"


def test_upload_whose_job_was_not_taken_is_asked_for_again(world: World, ann: Browser) -> None:
    upload = add_upload(world)
    world.producer.fail_next(Transient("away"))
    with pytest.raises(Transient):
        world.upload_preparer.run_once()
    assert asked(world) == [upload.id]


def test_upload_that_was_made_playable_is_played_and_the_file_downloaded(world: World, ann: Browser) -> None:
    upload = add_upload(world)
    video = f"/v1/recordings/{upload.id}/video"
    before = ann.get(video)
    assert (before.data, before.mimetype) == (FILM, "video/x-matroska")
    note = "For playing its sound (pcm_s16le) is left out; the download has it."
    assert make(world, upload, note=note, duration_ms=3_000, width=64, height=48, codec="h264") is Outcome.UPLOAD
    body = shown(ann, upload)
    assert (body["playable"], body["playable_note"], body["problem"]) == ("made", note, None)
    assert (body["duration_ms"], body["width"], body["codec"]) == (3_000, 64, "h264")
    assert (body["bytes"], body["container"]) == (len(FILM), "mkv")
    played = ann.get(video)
    assert (played.data, played.mimetype) == (MADE, "video/mp4")
    assert 'inline; filename="yard.mp4"' in played.headers["Content-Disposition"]
    assert played.headers["ETag"] != before.headers["ETag"]
    part = ann.get(video, headers={"Range": "bytes=4-7"})
    assert (part.status_code, part.data, part.headers["Content-Range"]) == (206, b"ftyp", f"bytes 4-7/{len(MADE)}")
    saved = ann.get(f"{video}?download=1")
    assert (saved.data, saved.mimetype) == (FILM, "video/x-matroska")
    assert 'filename="yard.mkv"' in saved.headers["Content-Disposition"]
    assert world.signed_in("bob").get(video).status_code == 404


def test_first_answer_stays(world: World, ann: Browser) -> None:
    upload = add_upload(world, duration_ms=2_000, codec="h264")
    make(world, upload, duration_ms=3_000, codec="hevc")
    for other in (said(upload, "impossible", note="No.", problem="No."), said(upload, "waiting"), said(upload)):
        assert world.writer.write(other) is Outcome.KNOWN
    body = shown(ann, upload)
    assert (body["playable"], body["playable_note"], body["problem"]) == ("made", None, None)
    assert (body["duration_ms"], body["codec"]) == (2_000, "h264"), "what the file says of itself stays"


def test_upload_that_is_no_video_cannot_be_queried(world: World, ann: Browser) -> None:
    upload = add_upload(world)
    sentence = "The file has no video track."
    world.writer.write(said(upload, "impossible", note=sentence, problem=sentence))
    body = shown(ann, upload)
    assert (body["playable"], body["playable_note"], body["problem"]) == ("impossible", sentence, sentence)
    answer = ann.send("POST", "/v1/queries", {"recording": upload.id, "analysis": "license_plate"})
    assert (answer.status_code, answer.get_json()["message"]) == (422, sentence)


def test_upload_for_which_there_is_no_room_waits_and_says_so(world: World, ann: Browser) -> None:
    upload = add_upload(world)
    world.writer.write(said(upload, "waiting", note="The disk is full for now."))
    body = shown(ann, upload)
    assert (body["playable"], body["playable_note"]) == ("pending", "The disk is full for now.")
    make(world, upload)
    body = shown(ann, upload)
    assert (body["playable"], body["playable_note"]) == ("made", None)


def test_answer_about_what_is_gone_changes_nothing(world: World, ann: Browser) -> None:
    upload = add_upload(world)
    assert world.writer.write(said(upload)) is Outcome.KNOWN, "nothing is stored"
    assert shown(ann, upload)["playable"] == "pending"
    unknown = upload.model_copy(update={"id": "up-" + "z" * 16})
    assert world.writer.write(said(unknown)) is Outcome.KNOWN
    assert world.uploads.known(unknown.id) is None


def test_deleted_upload_takes_what_was_made_of_it_along(world: World, ann: Browser) -> None:
    upload = add_upload(world)
    make(world, upload)
    assert ann.send("DELETE", f"/v1/recordings/{upload.id}").status_code == 204
    assert ann.get(f"/v1/recordings/{upload.id}/video").status_code == 404
    world.query_eraser.run_once()
    assert world.store.objects() == {}
    erased = [key for name, key in world.store.calls if name == "delete"]
    assert erased == [upload.key, upload.playable_key], "in this order, so that a worker sees it"
    assert world.uploads.total_bytes() == 0


def test_what_a_worker_stores_after_the_deletion_is_swept(world: World, ann: Browser) -> None:
    kept, gone = add_upload(world), add_upload(world)
    make(world, kept)
    ann.send("DELETE", f"/v1/recordings/{gone.id}")
    world.query_eraser.run_once()
    make(world, gone)
    sweep = PlayableSweep(world.uploads, world.store, world.clock)
    assert sweep.run_once() == 0, "it may be on its way"
    world.clock.advance(SETTLED_AFTER_S + 1)
    assert sweep.run_once() == 1
    assert list(world.store.objects()) == [kept.playable_key, kept.key]


def test_what_is_missing_is_made_again(world: World, ann: Browser) -> None:
    upload = add_upload(world)
    assert asked(world) == [upload.id]
    make(world, upload)
    world.store.delete(upload.playable_key)
    assert PlayableSweep(world.uploads, world.store, world.clock).run_once() == 1
    body = shown(ann, upload)
    assert (body["playable"], world.uploads.total_bytes()) == ("pending", len(FILM))
    assert asked(world) == [upload.id] * 2
    make(world, upload)
    assert shown(ann, upload)["playable"] == "made"


def test_database_that_was_lost_learns_of_what_is_there(world: World) -> None:
    world.add_user("ann")
    upload = add_upload(world)
    make(world, upload)
    world.clock.advance(2 * SETTLED_AFTER_S)
    world.database.crash({**world.database.snapshot(), "uploads": {}})
    assert PlayableSweep(world.uploads, world.store, world.clock).run_once() == 0, "its upload is in the store"
    QuerySweep(world.queries, world.uploads, world.query_events, world.store, world.clock).run_once()
    assert asked(world) == [upload.id]
    assert world.writer.write(said(upload, media="video/mp4")) is Outcome.UPLOAD
    assert world.signed_in("ann").get(f"/v1/recordings/{upload.id}/video").data == MADE


def test_record_of_an_older_server_is_asked_for(world: World, ann: Browser) -> None:
    upload = add_upload(world)
    uploads = world.database.snapshot()
    for document in uploads["uploads"].values():
        for name in ("playable", "playable_note", "playable_media", "playable_bytes", "prepare_sent_us"):
            del document[name]
    world.database.crash(uploads)
    assert world.uploads.total_bytes() == len(FILM)
    assert asked(world) == [upload.id]
    make(world, upload)
    assert shown(ann, upload)["playable"] == PlayableState.MADE


def test_what_was_made_counts_against_the_caps(world: World, ann: Browser) -> None:
    old = add_upload(world)
    make(world, old)
    assert world.uploads.total_bytes() == len(FILM) + len(MADE)
    world.clock.advance(60)
    new = add_upload(world)
    hour_ms = 3_600_000
    kept = Kept(2 * len(FILM) + len(MADE) - 1, 72 * hour_ms, 24 * hour_ms, 720 * hour_ms)
    assert make_retention(world, kept).run_once() == 1
    assert [upload.id for upload in world.uploads.live()] == [new.id]


def test_key_of_what_is_made_lies_beside_the_uploads() -> None:
    assert playable_key("up-" + "a" * 16) == "playable/up-aaaaaaaaaaaaaaaa/video"
