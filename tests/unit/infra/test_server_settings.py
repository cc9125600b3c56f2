"""What the servers are told."""

import re
from pathlib import Path

import pytest

from common.topics import topic_specs
from infra.native.kafka import broker_settings, new_cluster_id, render_properties
from infra.native.keys import S3Keys
from infra.native.layout import VarFolder
from infra.native.mongo import choose_mongod, embedded_file, mongod_folder
from infra.native.ports import Ports
from infra.native.s3 import LEFT_BEHIND, remove_left_behind, s3proxy_settings
from infra.native.server import ServerFailed, write_file


def test_broker_listens_on_loopback_only() -> None:
    settings = broker_settings(Path("data"), Ports(kafka=20000))
    assert settings["listeners"] == "PLAINTEXT://127.0.0.1:20000,CONTROLLER://127.0.0.1:20001"
    assert settings["advertised.listeners"] == "PLAINTEXT://127.0.0.1:20000"


def test_broker_settings_are_those_the_design_names() -> None:
    settings = broker_settings(Path("data"), Ports())
    assert settings["auto.create.topics.enable"] == "false"
    assert settings["log.retention.check.interval.ms"] == "30000"
    assert settings["offsets.topic.replication.factor"] == "1"
    assert "consumer" in settings["group.coordinator.rebalance.protocols"].split(",")


@pytest.mark.parametrize("frame_bytes", [64 * 1024, 2 * 1024**2, 32 * 1024**2])
def test_broker_takes_the_largest_record_of_every_topic(frame_bytes: int) -> None:
    settings = broker_settings(Path("data"), Ports(), frame_bytes)
    for spec in topic_specs(max_frame_bytes=frame_bytes):
        assert int(settings["message.max.bytes"]) >= int(spec.config.get("max.message.bytes", 0))


def test_render_properties_escapes_backslashes() -> None:
    assert render_properties({"a": "b\\c", "d": "1"}) == "a=b\\\\c\nd=1\n"


def test_new_cluster_id_is_a_uuid_that_is_no_option() -> None:
    for _ in range(50):
        assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{21}", new_cluster_id())


def test_s3proxy_answers_signed_requests_on_loopback_only() -> None:
    settings = s3proxy_settings(Path("data"), Ports(), S3Keys("id", "secret"))
    assert settings["s3proxy.endpoint"] == "http://127.0.0.1:9100"
    assert settings["s3proxy.authorization"] == "aws-v2-or-v4"
    assert settings["s3proxy.ignore-unknown-headers"] == "true"


def test_remove_left_behind_takes_only_what_a_killed_s3proxy_left(tmp_path: Path) -> None:
    folder = tmp_path / "lookout" / "clips" / "recorder" / "demo-face"
    folder.mkdir(parents=True)
    kept = [folder / "1700000000000_10000.mp4", folder / "1700000000000_10000.mp4~1.mp4"]
    left = folder / "1700000000000_10000.mp4-0b2f3c1e-7d3a-4f7e-9b1a-0123456789ab"
    for path in (*kept, left):
        path.write_bytes(b"x")
    assert remove_left_behind(tmp_path) == 1
    assert sorted(folder.iterdir()) == sorted(kept)
    assert not LEFT_BEHIND.search("cam-abcdefghij-4567")


def test_write_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "secret"
    write_file(path, "one")
    write_file(path, "two")
    assert path.read_text() == "two"
    assert path.stat().st_mode & 0o777 == 0o600


def test_mongod_on_path_is_taken_for_a_new_folder_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "mongod").write_text("#!/bin/sh\n")
    (programs / "mongod").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    new, embedded = VarFolder(tmp_path / "new"), VarFolder(tmp_path / "embedded")
    embedded_file(embedded).parent.mkdir(parents=True)
    embedded_file(embedded).write_bytes(b"")
    assert choose_mongod(new, allow_mongod=True) == str(programs / "mongod")
    assert choose_mongod(new, allow_mongod=False) is None
    assert choose_mongod(embedded, allow_mongod=True) is None


def test_mongod_that_has_gone_is_an_error_and_not_an_empty_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    var = VarFolder(tmp_path)
    mongod_folder(var).mkdir(parents=True)
    with pytest.raises(ServerFailed, match="no longer on PATH"):
        choose_mongod(var, allow_mongod=True)
