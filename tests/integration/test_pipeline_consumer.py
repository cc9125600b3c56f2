"""`python -m consumers run recorder` as a real process: frames in Kafka become clips in S3 and events."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from common.contracts.clip import ClipId
from common.contracts.clip_event import ClipReady, parse_event
from common.contracts.detection import Detection, DetectionMessage
from common.contracts.frame import AnalysisRequest, FrameHeaders, encode_headers
from common.contracts.identity import make_session
from common.kafka.confluent import ConfluentProducer
from common.settings import StorageSettings
from common.storage.clips import read_sidecar
from common.storage.s3 import S3ObjectStore
from common.topics import CLIP_EVENTS, DEFAULT_PARTITIONS, DETECTIONS, FRAMES
from infra.native.layout import REPOSITORY
from infra.native.ports import free_ports
from tests.support.cameras import kafka_settings, make_topics, read_partition
from tests.support.servers import TestServers
from tests.support.service_process import wait_until
from tests.unit.pipeline.making import decode_clip, make_jpeg, make_picture

CAMERA = "cam-pipeline"
CLIP_MS = 2_000
LIMIT_S = 90.0


@contextmanager
def command(
    words: list[str], variables: dict[str, str], folder: Path, module: str = "consumers"
) -> Iterator[subprocess.Popen[bytes]]:
    """`python -m MODULE WORDS`; its output in `out` and `log`. Killed at the end if it still runs."""
    outer = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    with (folder / "out").open("wb") as out, (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *words],
            cwd=REPOSITORY,
            env={**outer, "PYTHONUNBUFFERED": "1", **variables},
            stdout=out,
            stderr=log,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(30)


def is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def clips(servers: TestServers, prefix: str) -> list[ClipReady]:
    found = []
    for partition in range(DEFAULT_PARTITIONS):
        for record in read_partition(servers.bootstrap_servers, prefix + CLIP_EVENTS, partition):
            event = parse_event(record.value or b"")
            if isinstance(event, ClipReady):
                found.append(event)
    return found


def send_frames(producer: ConfluentProducer, topic: str, session: str, seqs: range) -> None:
    """Ten frames a second into partition 5."""
    for seq in seqs:
        now_us = time.time_ns() // 1000
        jpeg = make_jpeg(make_picture(96, 64, value=20 + 5 * (seq % 40)))
        headers = FrameHeaders(session, seq, now_us, now_us, 96, 64, 1, (AnalysisRequest("recorder"),), CLIP_MS)
        producer.send_and_wait(topic, CAMERA.encode(), jpeg, encode_headers(headers), 5)
        time.sleep(0.1)


@pytest.mark.timeout(240)
def test_recorder_process_stores_every_frame_once_and_stops_in_order(
    servers: TestServers, service_variables: dict[str, str], topic_prefix: str, tmp_path: Path
) -> None:
    make_topics(servers.bootstrap_servers, topic_prefix)
    port = free_ports().health
    words = ["run", "recorder", "--threads", "2", "--health-port", str(port)]
    producer = ConfluentProducer(kafka_settings(servers.bootstrap_servers, topic_prefix))
    session = make_session()
    with command(words, service_variables, tmp_path) as process:
        wait_until(lambda: process.poll() is not None or is_ready(port), "the recorder is ready", LIMIT_S)
        assert process.poll() is None, (tmp_path / "log").read_text()
        send_frames(producer, topic_prefix + FRAMES, session, range(45))

        def stored() -> int:
            return sum(event.frame_count for event in clips(servers, topic_prefix))

        wait_until(lambda: process.poll() is not None or stored() >= 45, "45 frames are in clips", LIMIT_S)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            assert b'lookout_stage_seconds_count{stage="encode"}' in answer.read()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, (tmp_path / "log").read_text()
    producer.close()
    events = clips(servers, topic_prefix)
    objects = S3ObjectStore(StorageSettings.model_validate(service_variables))
    seen: list[tuple[str, int]] = []
    for event in events:
        sidecar = read_sidecar(objects, ClipId.parse(event.clip_id)).sidecar
        (tmp_path / "clip.mp4").write_bytes(objects.read(event.video_key))
        decoded = decode_clip(tmp_path / "clip.mp4")
        assert [pts for pts, _ in decoded] == [entry.pts_ms for entry in sidecar.entries]
        for (_, picture), entry in zip(decoded, sidecar.entries, strict=True):
            assert abs(float(picture.mean()) - (20 + 5 * ((entry.seq or 0) % 40))) < 4
        seen.extend((entry.session or "", entry.seq or 0) for entry in sidecar.entries)
    assert sorted(seen) == [(session, seq) for seq in range(45)]
    assert not list((tmp_path / "spool" / "recorder").iterdir())


def test_watch_prints_detections_as_they_happen(
    servers: TestServers, service_variables: dict[str, str], topic_prefix: str, tmp_path: Path
) -> None:
    make_topics(servers.bootstrap_servers, topic_prefix)
    producer = ConfluentProducer(kafka_settings(servers.bootstrap_servers, topic_prefix))

    def message(camera: str, offset: int) -> DetectionMessage:
        return DetectionMessage(
            analysis="emotion",
            camera=camera,
            session=make_session(),
            seq=offset,
            partition=0,
            offset=offset,
            captured_us=1,
            log_ms=1,
            width=64,
            height=48,
            model_ms=1.5,
            detections=(Detection(box=(1, 2, 3, 4), kind="face", label="happy", score=0.5),),
        )

    def printed() -> list[dict[str, Any]]:
        return [json.loads(line) for line in (tmp_path / "out").read_bytes().splitlines()]

    with command(["watch", "--camera", CAMERA, "--count", "2"], service_variables, tmp_path) as process:
        offset = 0

        def two_lines() -> bool:
            nonlocal offset
            for camera in ("cam-other", CAMERA):
                value = message(camera, offset).to_json()
                producer.send_and_wait(topic_prefix + DETECTIONS, camera.encode(), value, timeout_s=30)
            offset += 1
            return process.poll() is not None

        wait_until(two_lines, "two lines are printed", LIMIT_S)
        assert process.wait(30) == 0, (tmp_path / "log").read_text()
    producer.close()
    lines = printed()
    assert [line["camera"] for line in lines] == [CAMERA, CAMERA]
    assert lines[0]["detections"] == [{"box": [1, 2, 3, 4], "kind": "face", "score": 0.5, "label": "happy"}]
    assert lines[1]["offset"] == lines[0]["offset"] + 1
