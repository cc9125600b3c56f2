"""The whole way of a POSTed frame, over Kafka in memory."""

import json
import threading
import time
from typing import Any

import pytest

from common.contracts.camera_settings import AnalysisSettings, Purpose
from common.contracts.frame import AnalysisRequest, CapturedFlag, FrameHeaders, Policy, decode_headers
from common.contracts.identity import hash_token, make_token
from common.errors import ConfigurationError, Transient
from common.topics import CAMERA_SETTINGS

SESSION = "abcdefghijklmnop"


def refusal(response: Any) -> tuple[int, str]:
    assert response.is_json, response.data
    assert set(response.json) == {"code", "message"}
    assert response.json["message"].endswith((".", "lk_...'."))
    return response.status_code, response.json["code"]


def only_frame(bench: Any) -> FrameHeaders:
    (record,) = bench.frames()
    return decode_headers(record.headers)


def test_post_right_frame_answers_where_it_is(bench: Any, jpeg: Any) -> None:
    body = jpeg(640, 480)
    before_us = time.time_ns() // 1000
    response = bench.post(body, X_Lookout_Session=SESSION, X_Lookout_Seq="17", X_Lookout_Captured_At=str(before_us - 5))
    assert response.status_code == 201
    assert response.json == {"session": SESSION, "seq": 17, "partition": 5, "offset": 0, "retry_recognised": True}
    (record,) = bench.frames()
    assert (record.key, record.value, record.partition) == (b"cam-aaaaaaaaaa", body, 5)
    frame = decode_headers(record.headers)
    assert (frame.session, frame.seq, frame.width, frame.height) == (SESSION, 17, 640, 480)
    assert frame.captured_at_us == before_us - 5
    assert frame.captured_flag is None
    assert before_us <= frame.ingested_at_us <= time.time_ns() // 1000
    assert frame.analyses == (AnalysisRequest("license_plate", 500), AnalysisRequest("recorder"))
    assert (frame.clip_ms, frame.policy, frame.settings_version) == (60_000, Policy.EVERY_FRAME, 1)


def test_post_twice_with_one_identity_stores_both_for_the_consumers_to_tell(bench: Any) -> None:
    offsets = [bench.post(X_Lookout_Session=SESSION, X_Lookout_Seq="1").json["offset"] for _ in range(2)]
    assert offsets == [0, 1]
    assert {decode_headers(r.headers).identity for r in bench.frames()} == {(SESSION, 1)}


def test_post_without_identity_gets_one_and_is_told_so(bench: Any) -> None:
    first, second = bench.post().json, bench.post().json
    assert first["retry_recognised"] is False
    assert first["session"] == second["session"]
    assert (first["seq"], second["seq"]) == (0, 1)
    assert [decode_headers(r.headers).identity for r in bench.frames()] == [
        (first["session"], 0),
        (first["session"], 1),
    ]


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Lookout_Session": SESSION},
        {"X_Lookout_Seq": "1"},
        {"X_Lookout_Session": "too-short", "X_Lookout_Seq": "1"},
        {"X_Lookout_Session": SESSION, "X_Lookout_Seq": "-1"},
        {"X_Lookout_Session": SESSION, "X_Lookout_Seq": str(2**63)},
        {"X_Lookout_Session": SESSION, "X_Lookout_Seq": ""},
    ],
)
def test_post_half_or_wrong_identity_is_refused(bench: Any, headers: dict[str, str]) -> None:
    assert refusal(bench.post(**headers)) == (400, "bad_identity")
    assert bench.frames() == []


@pytest.mark.parametrize(
    ("claim", "flag"), [(None, CapturedFlag.ABSENT), ("soon", CapturedFlag.ABSURD), ("17", CapturedFlag.ABSURD)]
)
def test_post_without_usable_capture_time_takes_ingest_time(bench: Any, claim: str | None, flag: CapturedFlag) -> None:
    assert bench.post(**({} if claim is None else {"X_Lookout_Captured_At": claim})).status_code == 201
    frame = only_frame(bench)
    assert frame.captured_flag is flag
    assert frame.captured_at_us == frame.ingested_at_us


def test_post_live_camera_is_only_queued(bench: Any) -> None:
    bench.change(policy=Policy.LIVE)
    bench.producer.holds_deliveries = True
    response = bench.post(X_Lookout_Session=SESSION, X_Lookout_Seq="3")
    assert response.status_code == 202
    assert response.json == {"session": SESSION, "seq": 3, "retry_recognised": True}
    assert bench.frames() == []
    bench.producer.deliver()
    assert only_frame(bench).policy is Policy.LIVE


def test_post_of_live_camera_that_kafka_loses_is_counted(bench: Any) -> None:
    bench.change(policy=Policy.LIVE)
    bench.producer.fail_next(Transient("no leader"))
    assert bench.post().status_code == 202
    assert 'lookout_frames_received_total{outcome="lost_after_202"} 1.0' in bench.client.get("/metrics").text
    assert refusal(bench.post()) == (503, "kafka_unavailable")


def test_post_before_settings_are_read_is_told_to_wait(make_bench: Any) -> None:
    bench = make_bench(is_caught_up=False)
    response = bench.post()
    assert refusal(response) == (503, "settings_not_read")
    assert int(response.headers["Retry-After"]) >= 1
    assert bench.client.get("/readyz").status_code == 503
    bench.cluster.create_topic(CAMERA_SETTINGS, 1)
    bench.put(bench.settings)
    assert bench.post().status_code == 201


@pytest.mark.parametrize("camera", ["cam-bbbbbbbbbb", "CAM", "..", "x" * 200])
def test_post_unknown_camera_is_404_whatever_the_token(bench: Any, camera: str) -> None:
    assert bench.post(camera=camera).status_code == 404


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer lk_short", "Bearer " + "lk_" + "A" * 43, "lk_" + "A" * 43],
)
def test_post_without_right_token_is_401(bench: Any, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    response = bench.client.post(
        "/v1/cameras/cam-aaaaaaaaaa/frames", data=b"x", headers=headers, content_type="image/jpeg"
    )
    assert refusal(response) == (401, "bad_token")
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_post_tokens_rotate_with_overlap(bench: Any) -> None:
    new = make_token()
    bench.change(token_hashes=(hash_token(bench.token), hash_token(new)))
    assert [bench.post(token=t).status_code for t in (bench.token, new)] == [201, 201]
    bench.change(token_hashes=(hash_token(new),))
    assert [bench.post(token=t).status_code for t in (bench.token, new)] == [401, 201]


def test_post_deleted_camera_is_404(bench: Any, wait: Any) -> None:
    bench.cluster.append(CAMERA_SETTINGS, 0, b"cam-aaaaaaaaaa", None)
    wait(lambda: bench.post().status_code == 404)


def test_post_without_length_is_411(bench: Any) -> None:
    response = bench.client.post(
        "/v1/cameras/cam-aaaaaaaaaa/frames",
        headers={"Authorization": f"Bearer {bench.token}", "Transfer-Encoding": "chunked"},
        content_type="image/jpeg",
    )
    assert refusal(response) == (411, "length_required")


def test_post_too_large_is_413_without_a_look_at_the_body(bench: Any) -> None:
    class Untouched:
        def read(self, size: int) -> bytes:
            raise AssertionError("the body was read")

    response = bench.client.post(
        "/v1/cameras/cam-aaaaaaaaaa/frames",
        environ_overrides={"wsgi.input": Untouched(), "CONTENT_LENGTH": str(2 * 1024 * 1024 + 1)},
        headers={"Authorization": f"Bearer {bench.token}"},
        content_type="image/jpeg",
    )
    assert refusal(response) == (413, "too_large")


@pytest.mark.parametrize("kind", ["image/png", "application/octet-stream", "image/jpegx", ""])
def test_post_other_type_is_415(bench: Any, kind: str) -> None:
    assert refusal(bench.post(**{"Content-Type": kind})) == (415, "not_image_jpeg")


def test_post_encoded_body_is_415(bench: Any) -> None:
    assert refusal(bench.post(**{"Content-Encoding": "gzip"})) == (415, "not_image_jpeg")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"GIF89a", "not_jpeg"),
        (b"\xff\xd8 and then nothing", "jpeg_cut"),
        (b"\xff\xd8\xff\xd9", "jpeg_empty"),
    ],
)
def test_post_no_jpeg_is_400_with_the_reason(bench: Any, body: bytes, code: str) -> None:
    assert refusal(bench.post(body)) == (400, code)
    assert bench.frames() == []


def test_post_jpeg_that_claims_too_many_pixels_is_400(bench: Any, jpeg: Any) -> None:
    assert refusal(bench.post(jpeg(6000, 6000))) == (400, "jpeg_size")


def test_post_body_cut_short_is_400(bench: Any, jpeg: Any) -> None:
    body = jpeg()
    response = bench.client.post(
        "/v1/cameras/cam-aaaaaaaaaa/frames",
        data=body,
        environ_overrides={"CONTENT_LENGTH": str(len(body) + 10)},
        headers={"Authorization": f"Bearer {bench.token}"},
        content_type="image/jpeg",
    )
    assert refusal(response) == (400, "body_incomplete")


def test_post_when_disk_is_full_is_507_with_the_reason(make_bench: Any) -> None:
    bench = make_bench(min_free_bytes=2**62)
    response = bench.post()
    assert refusal(response) == (507, "disk_full")
    assert "MiB are free" in response.json["message"]
    assert bench.client.get("/readyz").status_code == 503


def test_post_fifth_at_once_is_429(bench: Any) -> None:
    bench.producer.holds_deliveries = True
    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(bench.post().status_code)) for _ in range(4)]
    for thread in threads:
        thread.start()
    while bench.producer.flush(0) < 4:
        time.sleep(0.01)
    response = bench.post()
    assert refusal(response) == (429, "too_many_in_flight")
    assert int(response.headers["Retry-After"]) >= 1
    bench.producer.deliver()
    for thread in threads:
        thread.join(10)
    assert answers == [201] * 4
    bench.producer.holds_deliveries = False
    assert bench.post().status_code == 201


def test_post_when_kafka_does_not_acknowledge_is_503_and_then_at_once(make_bench: Any) -> None:
    bench = make_bench(ack_s=0.2)
    bench.producer.holds_deliveries = True
    response = bench.post()
    assert refusal(response) == (503, "kafka_unavailable")
    assert int(response.headers["Retry-After"]) >= 1
    assert bench.client.get("/readyz").status_code == 503
    waiting = bench.producer.flush(0)
    assert refusal(bench.post()) == (503, "kafka_unavailable")
    assert bench.producer.flush(0) == waiting == 1, "it was not even queued"
    # The late acknowledgement of the first frame opens the gate again.
    bench.producer.deliver()
    bench.producer.holds_deliveries = False
    assert bench.post().status_code == 201
    assert bench.client.get("/readyz").status_code == 200


def test_post_that_cannot_be_queued_is_503(bench: Any) -> None:
    bench.producer.fail_next(Transient("no leader"))
    assert refusal(bench.post()) == (503, "kafka_unavailable")


def test_post_that_kafka_refuses_for_good_does_not_shut_the_gate(bench: Any) -> None:
    bench.producer.fail_next(ConfigurationError("no such partition"))
    assert refusal(bench.post()) == (503, "kafka_refused")
    assert bench.post().status_code == 201


def test_post_emotion_is_left_out_once_its_purpose_has_expired(bench: Any) -> None:
    now_us = time.time_ns() // 1000
    emotion = AnalysisSettings(name="emotion")
    bench.change(analyses=(emotion,), emotion_purpose=Purpose(text="demonstration", expires_us=now_us + 60_000_000))
    bench.post()
    bench.change(emotion_purpose=Purpose(text="demonstration", expires_us=now_us))
    bench.post()
    bench.change(emotion_purpose=None)
    bench.post()
    analyses = [decode_headers(r.headers).analyses for r in bench.frames()]
    assert analyses == [(AnalysisRequest("emotion", 100),), (), ()]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", True),
        ("00-00000000000000000000000000000000-b7ad6b7169203331-01", False),
        ("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", False),
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\u00e9", False),
        ("x" * 5000, False),
    ],
)
def test_post_traceparent_is_kept_only_when_it_is_one(bench: Any, sent: str, kept: bool) -> None:
    assert bench.post(traceparent=sent).status_code == 201
    assert only_frame(bench).traceparent == (sent if kept else None)


def test_post_mistake_of_the_server_shows_no_stack_trace(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.service.ingest, "take", lambda *_: 1 / 0)
    response = bench.post()
    assert refusal(response) == (500, "internal_error")
    assert b"ZeroDivision" not in response.data


def test_ping_tells_address_and_token(bench: Any) -> None:
    bearer = {"Authorization": f"Bearer {bench.token}"}
    answer = bench.client.get("/v1/cameras/cam-aaaaaaaaaa/ping", headers=bearer)
    assert answer.status_code == 200
    assert answer.json["camera"] == "cam-aaaaaaaaaa"
    assert answer.json["max_frame_bytes"] == 2 * 1024 * 1024
    assert bench.client.get("/v1/cameras/cam-aaaaaaaaaa/ping").status_code == 401
    assert bench.client.get("/v1/cameras/cam-bbbbbbbbbb/ping", headers=bearer).status_code == 404


def test_other_addresses_and_methods_answer_json(bench: Any) -> None:
    assert refusal(bench.client.get("/nothing")) == (404, "not_found")
    assert refusal(bench.client.get("/v1/cameras/cam-aaaaaaaaaa/frames")) == (405, "method_not_allowed")


def test_health_and_metrics_count_outcomes(bench: Any) -> None:
    bench.post()
    bench.post(b"no")
    assert bench.client.get("/livez").json == {"status": "ok"}
    assert bench.client.get("/readyz").json == {"status": "ok"}
    text = bench.client.get("/metrics").text
    assert 'lookout_frames_received_total{outcome="acknowledged"} 1.0' in text
    assert 'lookout_frames_received_total{outcome="not_jpeg"} 1.0' in text
    assert "lookout_ingest_seconds_count 2.0" in text
    assert json.loads(bench.client.get("/readyz").data)["status"] == "ok"
