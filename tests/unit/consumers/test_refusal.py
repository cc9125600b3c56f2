"""A consumer that does not start says so where the API server listens."""

from pathlib import Path

import pytest

from common.clock import FakeClock
from common.contracts.consumer_status import ConsumerStatus
from common.kafka.memory import MemoryCluster
from consumers import wiring
from consumers.refusal import REASON_MAX, send_refusal, tell_refusal
from consumers.runtime.engine import EXIT_CONFIGURATION
from consumers.wiring import RunOptions, run_consumer


def test_refusal_is_a_status_that_failed_with_its_sentence() -> None:
    cluster = MemoryCluster(FakeClock())
    cluster.create_topic("consumer-status", 1)
    send_refusal(cluster.producer(), "consumer-status", "recognition", "x" * 900, FakeClock())
    (record,) = cluster.records("consumer-status")
    status = ConsumerStatus.model_validate_json(record.value or b"")
    assert (status.analysis, status.state, status.reason) == ("recognition", "failed", "x" * REASON_MAX)
    assert (record.key or b"").decode() == status.instance


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("The model file /home/ann/models/a.onnx is not it.", "The model file a.onnx is not it."),
        ("Get it from https://example.org/a/b.onnx.", "Get it from https://example.org/a/b.onnx."),
        ("--option network='{}' and/or docs/models.md", "--option network='{}' and/or docs/models.md"),
    ],
)
def test_refusal_names_files_and_no_folders(reason: str, told: str) -> None:
    cluster = MemoryCluster(FakeClock())
    cluster.create_topic("consumer-status", 1)
    send_refusal(cluster.producer(), "consumer-status", "objects", reason, FakeClock())
    (record,) = cluster.records("consumer-status")
    assert ConsumerStatus.model_validate_json(record.value or b"").reason == told


def test_refusal_of_an_analysis_that_does_not_exist_is_told_nobody() -> None:
    tell_refusal("nonsense", "There is no such analysis.", {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"})


def test_consumer_without_its_model_ends_and_tells_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, str]] = []
    monkeypatch.setattr(wiring, "tell_refusal", lambda name, reason, _: told.append((name, reason)))
    monkeypatch.setenv("MODEL_DIR", str(tmp_path))
    environment = {"LOOKOUT_VAR_DIR": str(tmp_path), "LOOKOUT_HEALTH_PORT": "0", "MODEL_DIR": str(tmp_path)}
    environment |= {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "S3_ENDPOINT_URL": "http://127.0.0.1:1"}
    assert run_consumer(RunOptions("recognition"), environment) == EXIT_CONFIGURATION
    ((name, reason),) = told
    assert name == "recognition"
    assert reason.startswith("Face recognition is off: no embedding network is set. It needs an embedding network")
