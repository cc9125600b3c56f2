import json
import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from camera_client.__main__ import run
from camera_client.journal import read_journal
from camera_client.options import Options, parse_options
from camera_client.picture import encode_jpeg
from camera_client.stripe import StripeMark, read_stripe
from common.errors import ConfigurationError
from common.jpeg import read_header
from tests.unit.camera_client.fake_ingest import FakeIngest

TOKEN = "lk_" + "a" * 43


@pytest.fixture
def ingest() -> Iterator[FakeIngest]:
    server = FakeIngest()
    yield server
    server.stop()


def options_for(ingest: FakeIngest, source: str, *more: str) -> Options:
    base = ["--source", source, "--server", ingest.address, "--camera", "cam-abc", "--token", TOKEN]
    return parse_options([*base, *more])


def summary_of(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    summary: dict[str, object] = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    return summary


@pytest.mark.parametrize("scene", ["demo:face", "demo:cars"])
def test_client_sends_a_scene_and_accounts_for_every_frame(
    scene: str, ingest: FakeIngest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = options_for(ingest, scene, "--frames", "5", "--fps", "20", "--journal", str(tmp_path / "journal"))
    assert run(options, threading.Event()) == 0
    summary = summary_of(capsys)
    assert (summary["captured"], summary["acknowledged"], summary["dropped"]) == (5, 5, 0)
    session = str(summary["session"])
    assert [line.identity for line in read_journal(tmp_path / "journal")] == [(session, seq) for seq in range(5)]
    for seq, (_, _, headers, body) in enumerate(ingest.seen):
        assert (headers["X-Lookout-Session"], headers["X-Lookout-Seq"]) == (session, str(seq))
        header = read_header(body)
        assert (header.width, header.height) == (640, 480)
        picture = np.asarray(cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR), np.uint8)
        assert read_stripe(picture) == StripeMark.of("cam-abc", session, seq)


def test_client_once_sends_a_whole_folder_to_a_slow_server(
    ingest: FakeIngest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(12):
        (tmp_path / f"{number:02}.jpg").write_bytes(encode_jpeg(np.full((48, 64, 3), number * 20, np.uint8), 90))
    slow = threading.Event()
    ingest.before_answer = lambda _: not slow.wait(0.05)
    assert run(options_for(ingest, str(tmp_path), "--once", "--fps", "60"), threading.Event()) == 0
    assert summary_of(capsys)["acknowledged"] == 12
    assert [body for *_, body in ingest.seen] == [file.read_bytes() for file in sorted(tmp_path.iterdir())]


def test_client_refused_for_good_says_so_and_fails(ingest: FakeIngest, capsys: pytest.CaptureFixture[str]) -> None:
    ingest.status, ingest.body = 413, b'{"code":"too_large","message":"Too large."}'
    assert run(options_for(ingest, "demo:face", "--once"), threading.Event()) == 1
    assert summary_of(capsys)["refusals"] == {"too_large": 1}


def test_client_unknown_scene_is_refused(ingest: FakeIngest) -> None:
    with pytest.raises(ConfigurationError, match="demo:face, demo:cars"):
        run(options_for(ingest, "demo:dogs"), threading.Event())
