"""Detections, consumer status and segment jobs on the wire."""

from typing import Any

import pytest

from common.contracts.consumer_status import CameraLag, ConsumerStatus, PartitionStatus
from common.contracts.detection import Detection, DetectionMessage
from common.contracts.playable import PrepareJob
from common.contracts.query_sidecar import QuerySidecar, part_ready
from common.contracts.segment_job import JoinJob, PartJob, PlanJob, Source, Work, parse_job, part_key, result_key

WORK = Work(query_id="q-" + "a" * 16, analysis="emotion", every_ms=100)
PREPARE = PrepareJob(upload_id="up-" + "a" * 16, object_key="uploads/up-" + "a" * 16)
FILM = Source(object_key="uploads/film.mp4", pts_b_ms=10_000)


def test_a_detection_message_round_trips() -> None:
    plate = Detection(box=(1, 2, 3, 4), kind="plate", score=0.5, text="M AB 123", track=7)
    message = DetectionMessage(
        analysis="license_plate",
        camera="demo-cars",
        session="s" * 22,
        seq=1,
        partition=2,
        offset=3,
        captured_us=4,
        log_ms=5,
        width=640,
        height=480,
        model_ms=1.5,
        detections=(plate,),
    )
    assert DetectionMessage.model_validate_json(message.to_json()) == message


@pytest.mark.parametrize(
    "changes", [{"score": 1.1}, {"score": -0.1}, {"score": float("nan")}, {"box": [1, 2, 3]}, {"box": [1.5, 2, 3, 4]}]
)
def test_a_detection_out_of_bounds_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Detection.model_validate({"box": [1, 2, 3, 4], "kind": "face", "score": 0.5} | changes)


def test_a_consumers_status_round_trips() -> None:
    status = ConsumerStatus(
        instance="host-1",
        analysis="emotion",
        state="running",
        threads=2,
        at_us=1,
        partitions=(PartitionStatus(partition=0, next_offset=5, committed=3, end=9, lag_s=0.5),),
        cameras=(CameraLag(camera="demo-face", partition=0, lag_messages=4, lag_s=0.5),),
        counts={"analysed": 5},
        stage_ms={"analyse": 4.5},
    )
    assert ConsumerStatus.model_validate_json(status.to_json()) == status
    assert ConsumerStatus(instance="a", analysis="b", state="c", threads=1, at_us=1).counts == {}


@pytest.mark.parametrize(
    "job",
    [
        PlanJob(work=WORK, sources=(FILM,)),
        PartJob(work=WORK, part=0, parts=2, source=FILM, offset_ms=0, width=640, height=480),
        JoinJob(work=WORK, parts=2),
        PREPARE,
    ],
)
def test_jobs_are_told_apart_by_type(job: PlanJob | PartJob | JoinJob | PrepareJob) -> None:
    assert parse_job(job.to_json()) == job


@pytest.mark.parametrize(
    "value",
    [
        b"{}",
        b'{"type":"plan"}',
        PlanJob(work=WORK, sources=(FILM,)).to_json().replace(b"uploads/film.mp4", b"/etc/passwd"),
        PlanJob(work=WORK, sources=(FILM,)).to_json().replace(b"uploads/", b"queries/"),
        JoinJob(work=WORK, parts=2).to_json().replace(b"q-aaaa", b"../aaa"),
        PREPARE.to_json().replace(b"uploads/", b"clips/"),
        PREPARE.to_json().replace(b"uploads/up-aa", b"uploads/up-bb"),
        PREPARE.to_json().replace(b"up-aaaa", b"../aaaa"),
    ],
)
def test_what_is_no_job_is_refused(value: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_job(value)


def test_a_parts_event_is_built_from_what_is_stored() -> None:
    sidecar = QuerySidecar(
        query_id=WORK.query_id, analysis="emotion", part=1, parts=2, frame_count=30, searched=10, duration_ms=3_000,
        width=640, height=480,
    )  # fmt: skip
    event = part_ready(sidecar, part_key(WORK.query_id, 1))
    assert (event.part, event.parts, event.joined, event.frame_count) == (1, 2, False, 30)
    assert event.object_key == f"queries/{WORK.query_id}/parts/1.mp4"
    assert result_key(WORK.query_id) == f"queries/{WORK.query_id}/result.mp4"
