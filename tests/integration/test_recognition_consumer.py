"""`python -m consumers run recognition` as a real process: off with a sentence, and on with a list in MODEL_DIR."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from common.contracts.clip_event import ClipReady
from common.contracts.consumer_status import ConsumerStatus
from common.contracts.frame import AnalysisRequest, FrameHeaders, encode_headers
from common.contracts.identity import make_session
from common.kafka.confluent import ConfluentProducer
from common.topics import CONSUMER_STATUS, FRAMES
from consumers.__main__ import main
from consumers.runtime.engine import EXIT_CONFIGURATION
from infra.native.ports import free_ports
from tests.integration.test_pipeline_consumer import LIMIT_S, clips, command, is_ready
from tests.support.cameras import kafka_settings, make_topics, read_partition
from tests.support.face_network import make_embedder
from tests.support.media import astronaut
from tests.support.servers import TestServers
from tests.support.service_process import wait_until

CAMERA, PARTITION, CLIP_MS = "cam-faces", 4, 2_000


@pytest.mark.timeout(240)
def test_known_faces_are_off_with_a_sentence_and_named_once_there_is_a_network(
    servers: TestServers,
    service_variables: dict[str, str],
    topic_prefix: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_topics(servers.bootstrap_servers, topic_prefix)
    network = make_embedder(tmp_path)["network"]
    variables = {**service_variables, "MODEL_DIR": str(tmp_path)}
    port = free_ports().health
    words = ["run", "recognition", "--threads", "1", "--health-port", str(port)]
    with command(words, variables, tmp_path) as refused:
        assert refused.wait(LIMIT_S) == EXIT_CONFIGURATION, (tmp_path / "log").read_text()
    (said,) = read_partition(servers.bootstrap_servers, topic_prefix + CONSUMER_STATUS, 0)
    status = ConsumerStatus.model_validate_json(said.value or b"")
    assert (status.analysis, status.state) == ("recognition", "failed")
    assert (status.reason or "").startswith("Face recognition is off: no embedding network is set.")

    (tmp_path / "models.json").write_text(json.dumps({"recognition": [network]}))
    cv2.imwrite(str(tmp_path / "eileen.png"), astronaut())
    monkeypatch.setenv("MODEL_DIR", str(tmp_path))
    monkeypatch.setenv("LOOKOUT_VAR_DIR", variables["LOOKOUT_VAR_DIR"])
    assert main(["gallery", "enrol", "Eileen", str(tmp_path / "eileen.png")]) == 0
    with command(words, variables, tmp_path) as process:
        wait_until(lambda: process.poll() is not None or is_ready(port), "the consumer is ready", LIMIT_S)
        assert process.poll() is None, (tmp_path / "log").read_text()
        found = send_until(servers, topic_prefix, lambda clip: len(clip.sightings) > 0)
    assert {sighting.label for sighting in found.sightings} == {"Eileen"}
    assert found.model is not None
    assert found.model.name.endswith("+faces")
    newest = read_partition(servers.bootstrap_servers, topic_prefix + CONSUMER_STATUS, 0)[-1]
    offered = ConsumerStatus.model_validate_json(newest.value or b"").models
    assert [(model.name, model.sha256) for model in offered] == [("faces", network["sha256"])]


def send_until(servers: TestServers, prefix: str, wanted: Callable[[ClipReady], bool]) -> ClipReady:
    """Frames that show the face, five a second, until a clip of them is as it should be."""
    producer = ConfluentProducer(kafka_settings(servers.bootstrap_servers, prefix))
    encoded = cv2.imencode(".jpg", astronaut())[1].tobytes()
    height, width = astronaut().shape[:2]
    requests, session, seq = (AnalysisRequest("recognition", 200),), make_session(), 0
    end_s = time.monotonic() + LIMIT_S
    try:
        while time.monotonic() < end_s:
            for _ in range(5):
                now_us = time.time_ns() // 1000
                headers = FrameHeaders(session, seq, now_us, now_us, width, height, 1, requests, CLIP_MS)
                producer.send_and_wait(prefix + FRAMES, CAMERA.encode(), encoded, encode_headers(headers), PARTITION)
                seq += 1
                time.sleep(0.2)
            found = [clip for clip in clips(servers, prefix) if wanted(clip)]
            if found:
                return found[-1]
    finally:
        producer.close()
    raise AssertionError("nobody was recognised in any clip")
