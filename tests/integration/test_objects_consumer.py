"""`python -m consumers run objects` as a real process: a camera's classes and zones change while it runs."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from common.contracts.camera_settings import AnalysisSettings, CameraSettings
from common.contracts.clip import ClipId
from common.contracts.frame import AnalysisRequest, FrameHeaders, encode_headers
from common.contracts.identity import make_session
from common.contracts.place import Zone
from common.contracts.sidecar import Sidecar
from common.kafka.confluent import ConfluentProducer
from common.settings import StorageSettings
from common.storage.clips import read_sidecar
from common.storage.s3 import S3ObjectStore
from common.topics import CAMERA_SETTINGS, FRAMES
from infra.native.ports import free_ports
from tests.integration.test_pipeline_consumer import LIMIT_S, clips, command, is_ready
from tests.support.cameras import kafka_settings, make_topics
from tests.support.made_network import made_options
from tests.support.servers import TestServers
from tests.support.service_process import wait_until
from tests.unit.objects.answers import LABEL, yolox
from tests.unit.pipeline.making import make_jpeg, make_picture

CAMERA = "cam-objects"
PARTITION = 5
CLIP_MS = 2_000
EVERYWHERE = Zone(name="yard", points=((0, 0), (1, 0), (1, 1), (0, 1)))


def settings(version: int, classes: list[str], zones: tuple[Zone, ...] = ()) -> CameraSettings:
    asked = AnalysisSettings(name="objects", options={"classes": classes})
    return CameraSettings(
        camera=CAMERA, version=version, name="yard", owner="o", token_hashes=(), partition=PARTITION,
        analyses=(asked,), clip_ms=CLIP_MS, zones=zones,
    )  # fmt: skip


@pytest.mark.timeout(240)
def test_camera_gets_other_classes_and_a_zone_while_the_consumer_runs(
    servers: TestServers, service_variables: dict[str, str], topic_prefix: str, tmp_path: Path
) -> None:
    """The network sees a bus in every picture; who asks for people gets none."""
    make_topics(servers.bootstrap_servers, topic_prefix)
    producer = ConfluentProducer(kafka_settings(servers.bootstrap_servers, topic_prefix))
    network = made_options(tmp_path, *yolox())["network"]
    port, session = free_ports().health, make_session()
    words = [
        "run",
        "objects",
        "--threads",
        "2",
        "--health-port",
        str(port),
        "--option",
        f"network={json.dumps(network)}",
    ]
    jpeg = make_jpeg(make_picture(416, 416))
    store = S3ObjectStore(StorageSettings.model_validate(service_variables))
    seq = 0

    def tell(one: CameraSettings) -> None:
        producer.send_and_wait(topic_prefix + CAMERA_SETTINGS, CAMERA.encode(), one.to_json(), [], 0)

    def sidecars() -> list[Sidecar]:
        events = clips(servers, topic_prefix)
        return [read_sidecar(store, ClipId.parse(event.clip_id)).sidecar for event in events]

    def send_until(version: int, wanted: Callable[[Sidecar], bool]) -> Sidecar:
        """Frames of that version, five a second, until a clip of them is as it should be: the newest one that is."""
        nonlocal seq
        end_s = time.monotonic() + LIMIT_S
        while time.monotonic() < end_s:
            for _ in range(10):
                now_us = time.time_ns() // 1000
                requests = (AnalysisRequest("objects", 200),)
                headers = FrameHeaders(session, seq, now_us, now_us, 416, 416, version, requests, CLIP_MS)
                producer.send_and_wait(topic_prefix + FRAMES, CAMERA.encode(), jpeg, encode_headers(headers), PARTITION)
                seq += 1
                time.sleep(0.2)
            found = [one for one in sidecars() if one.settings_version == version and wanted(one)]
            if found:
                return found[-1]
        raise AssertionError(f"no clip of version {version}: {(tmp_path / 'log').read_text()[-3000:]}")

    tell(settings(1, ["people"]))
    with command(words, {**service_variables, "MODEL_DIR": str(tmp_path)}, tmp_path) as process:
        wait_until(lambda: process.poll() is not None or is_ready(port), "the consumer is ready", LIMIT_S)
        assert process.poll() is None, (tmp_path / "log").read_text()
        before = send_until(1, lambda one: one.frame_count > 0)
        assert not before.sightings
        assert not before.events
        tell(settings(2, ["vehicles"], (EVERYWHERE,)))
        after = send_until(2, lambda one: len(one.sightings) > 0)
    producer.close()
    assert [(one.label, one.at_once) for one in after.sightings] == [(LABEL, 1)]
    assert [(event.kind.value, event.place) for event in after.events] == [("present", "picture"), ("present", "yard")]
    assert after.model is not None
    assert after.model.name == "made"
