"""The small parts around a consumer process: health, the detection feed, settings, arguments."""

import argparse
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from common.clock import FakeClock
from common.contracts.detection import DetectionMessage
from common.contracts.frame import Headers
from common.errors import ConfigurationError, Transient
from common.health import HealthServer
from common.kafka.ports import Delivery
from common.metrics import Metrics
from common.settings import load_settings
from consumers.commands.options import parse_every, parse_option
from consumers.consumer_health import ConsumerHealth
from consumers.detection_feed import EVERY_S, LATE_EVERY_S, LATE_MS, DetectionFeed
from consumers.process_settings import ProcessSettings
from consumers.wiring import RunOptions, run_consumer
from tests.support.service_process import wait_until
from tests.unit.pipeline.making import build_bench, make_frame

Done = Callable[[Delivery | None, Exception | None], None]


class Producer:
    """Takes `room` records and then is full; answers when told to."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.sent: list[tuple[str, bytes | None, bytes | None]] = []
        self.waiting: list[Done] = []

    def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Headers = (),
        partition: int | None = None,
        done: Done | None = None,
    ) -> None:
        if len(self.sent) >= self.room:
            raise Transient("the queue is full")
        self.sent.append((topic, key, value))
        if done is not None:
            self.waiting.append(done)


def outcomes(metrics: Metrics) -> tuple[float, float]:
    def count(outcome: str) -> float:
        return metrics.registry.get_sample_value("lookout_detections_total", {"outcome": outcome}) or 0.0

    return count("sent"), count("dropped")


def test_feed_sends_keyed_by_camera_and_drops_what_is_not_taken(tmp_path: Path) -> None:
    producer, metrics, clock = Producer(room=2), Metrics(), FakeClock()
    feed = DetectionFeed(producer, "x-detections", metrics, clock)  # type: ignore[arg-type]
    bench = build_bench(tmp_path)
    bench.seal([make_frame(n) for n in range(4)])
    first, *others, last = bench.published
    feed(first)
    assert len(producer.sent) == 1, "the first after a silence goes at once"
    for message in others:
        feed(message)
    assert len(producer.sent) == 1, "what comes soon after waits"
    clock.advance(EVERY_S)
    feed(last)
    assert [(topic, key) for topic, key, _ in producer.sent] == [("x-detections", b"demo-face")] * 2
    assert DetectionMessage.model_validate_json(producer.sent[1][2] or b"") == bench.published[1]
    producer.waiting[0](Delivery(0, 1, 2), None)
    producer.waiting[1](None, Transient("no answer"))
    assert outcomes(metrics) == (1, 3)


def test_feed_sends_what_is_late_once_a_second(tmp_path: Path) -> None:
    producer, clock = Producer(room=100), FakeClock()
    feed = DetectionFeed(producer, "x-detections", Metrics(), clock)  # type: ignore[arg-type]
    bench = build_bench(tmp_path)
    bench.seal([make_frame(n) for n in range(5)])
    first, second, third, fourth, fifth = bench.published
    late_by_s = (clock.wall_us() / 1000 - fifth.log_ms + LATE_MS) / 1000 + 1
    clock.step_wall(late_by_s)
    feed(first)
    clock.advance(EVERY_S)
    feed(second)
    assert len(producer.sent) == 1, "nobody watches what is late"
    clock.advance(LATE_EVERY_S)
    feed(third)
    assert len(producer.sent) == 3
    clock.advance(EVERY_S)
    feed(fourth)
    assert len(producer.sent) == 3
    clock.step_wall(-late_by_s - 10)
    feed(fifth)
    assert len(producer.sent) == 5, "a new one takes the late ones along"


def test_feed_with_its_thread_sends_the_rest_by_itself(tmp_path: Path) -> None:
    producer, clock = Producer(room=100), FakeClock()
    bench = build_bench(tmp_path)
    bench.seal([make_frame(n) for n in range(3)])
    with DetectionFeed(producer, "x-detections", Metrics(), clock) as feed:  # type: ignore[arg-type]
        feed(bench.published[0])
        feed(bench.published[1])
        wait_until(lambda: len(producer.sent) == 2, "the second message")
        feed(bench.published[2])
    assert [DetectionMessage.model_validate_json(value or b"") for _, _, value in producer.sent] == bench.published


def test_feed_that_is_not_emptied_drops_what_is_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consumers.detection_feed.WAITING_MOST", 1)
    producer, metrics = Producer(room=100), Metrics()
    feed = DetectionFeed(producer, "x-detections", metrics, FakeClock())  # type: ignore[arg-type]
    bench = build_bench(tmp_path)
    bench.seal([make_frame(n) for n in range(3)])
    for message in bench.published:
        feed(message)
    feed.send_waiting()
    assert len(producer.sent) == 2
    assert outcomes(metrics) == (0, 1)


def test_health_says_what_the_start_waits_for_then_asks_the_engine() -> None:
    class Running:
        def live_problem(self) -> str | None:
            return None

        def ready_problem(self) -> str | None:
            return "Partitions not read yet: [3]."

    health = ConsumerHealth()
    server = HealthServer("127.0.0.1", 0, Metrics(), health.live_problem, health.ready_problem)
    server.start()

    def get(path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=10) as answer:
                return int(answer.status), answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    try:
        health.now("The model is being loaded.")
        assert get("/readyz")[0] == 503
        assert "being loaded" in get("/readyz")[1]
        assert get("/livez")[0] == 200
        health.follow(Running())
        assert "[3]" in get("/readyz")[1]
    finally:
        server.stop()


@pytest.mark.parametrize("text", ["", "0", "8101"])
def test_process_settings_health_port(text: str) -> None:
    assert load_settings(ProcessSettings, {"LOOKOUT_HEALTH_PORT": text}).health_port == (int(text) if text else None)


@pytest.mark.parametrize("text", ["-1", "70000", "many"])
def test_process_settings_bad_health_port_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="LOOKOUT_HEALTH_PORT"):
        load_settings(ProcessSettings, {"LOOKOUT_HEALTH_PORT": text})


@pytest.mark.parametrize(
    ("options", "environment"),
    [
        (RunOptions("nonsense"), {}),
        (RunOptions("recorder"), {"LOOKOUT_NONSENSE": "1"}),
        (RunOptions("recorder"), {"S3_ENDPOINT_URL": "ftp://x"}),
        (RunOptions("recorder", threads=0), {}),
        (RunOptions("recorder", session_timeout_s=0.1), {}),
        (RunOptions("recorder", health_port=99_999), {}),
        (RunOptions("recorder"), {"LOOKOUT_VAR_DIR": "/proc/nowhere"}),
    ],
)
def test_run_refuses_what_a_person_has_to_change(
    options: RunOptions, environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []  # instead of a broker that does not answer for ten seconds
    monkeypatch.setattr("consumers.wiring.tell_refusal", lambda name, *_: told.append(name))
    assert run_consumer(options, {"LOOKOUT_VAR_DIR": str(tmp_path), **environment}) == 78
    assert told == [options.name]


def test_arguments_options_are_json_or_text() -> None:
    assert parse_option("detector=yunet") == ("detector", "yunet")
    assert parse_option("faces_max=3") == ("faces_max", 3)
    assert parse_option('formats=["de"]') == ("formats", ["de"])
    for text in ("detector", "=x", "a-b=1"):
        with pytest.raises(argparse.ArgumentTypeError):
            parse_option(text)


def test_arguments_search_interval_is_bounded() -> None:
    assert parse_every("0") == 0
    for text in ("-1", "60001", "x", "²"):
        with pytest.raises(argparse.ArgumentTypeError):
            parse_every(text)
