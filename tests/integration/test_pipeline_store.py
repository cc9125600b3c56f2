"""Clips on the real S3 server: create-only, what a second writer finds, what is derived from the stored object."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from common.clock import SystemClock
from common.contracts.clip import ClipId
from common.contracts.object_metadata import ClipMetadata
from common.contracts.sidecar import Sidecar
from common.contracts.window import Window
from common.settings import StorageSettings
from common.storage.clips import put_tombstone, read_sidecar
from common.storage.probe import probe_store
from common.storage.s3 import S3ObjectStore
from consumers.pipeline.clip_store import VideoClipStore
from tests.support.servers import TestServers
from tests.unit.pipeline.making import (
    CAMERA,
    CLIP_MS,
    START_MS,
    Bench,
    build_bench,
    decode_clip,
    make_frame,
    make_picture,
)

BASE = ClipId("bright", CAMERA, Window(START_MS, CLIP_MS))


@pytest.fixture
def objects(servers: TestServers, bucket: str) -> S3ObjectStore:
    settings = StorageSettings.model_validate({**servers.variables(), "S3_BUCKET": bucket})
    return S3ObjectStore(settings)


class Worker:
    """A consumer's half that stores, with a spool of its own."""

    def __init__(self, folder: Path, objects: S3ObjectStore, is_atomic: bool) -> None:
        self.bench: Bench = build_bench(folder)
        self.clips = VideoClipStore(objects, self.bench.spool, is_atomic, SystemClock())

    def store(self, offsets: range) -> str:
        frames = [make_frame(n, make_picture(96, 64, value=30 + 15 * n, spot=(8 + 4 * n, 20))) for n in offsets]
        return self.clips.store(self.bench.seal(frames)).outcome


def test_stored_clip_is_whole_with_metadata_and_derived_files(objects: S3ObjectStore, tmp_path: Path) -> None:
    is_atomic = probe_store(objects).is_atomic
    worker = Worker(tmp_path / "a", objects, is_atomic)
    assert worker.store(range(6)) == "created"
    keys = [info.key.removeprefix(BASE.stem) for info in objects.list("clips/")]
    assert sorted(keys) == [".0.jpg", ".jpg", ".json", ".mp4"]
    (tmp_path / "stored.mp4").write_bytes(objects.read(BASE.video_key))
    stored = read_sidecar(objects, BASE)
    assert len(decode_clip(tmp_path / "stored.mp4")) == stored.sidecar.frame_count == 6
    assert ClipMetadata.from_metadata(objects.head(BASE.video_key).metadata).sidecar_at == stored.sidecar_at
    assert Sidecar.model_validate_json(objects.read(BASE.sidecar_key)) == stored.sidecar
    assert worker.store(range(2, 6)) == "covered"
    assert Worker(tmp_path / "b", objects, is_atomic).store(range(4, 9)) == "conflict"
    rest = read_sidecar(objects, BASE.with_remainder(1)).sidecar
    assert [entry.offset for entry in rest.entries] == [6, 7, 8]
    loaded = worker.clips.load_sidecars("bright", CAMERA, START_MS, START_MS + 1)
    assert sorted(sidecar.remainder for sidecar in loaded) == [0, 1]
    assert worker.clips.list_cameras("bright") == [CAMERA]
    put_tombstone(objects, stored.sidecar, "deleted")
    assert worker.clips.store(worker.bench.seal([make_frame(0)])).announced == ()


def test_two_writers_at_once_store_every_frame_once(objects: S3ObjectStore, tmp_path: Path) -> None:
    workers = [Worker(tmp_path / str(n), objects, is_atomic=False) for n in range(2)]
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(w.store, r) for w, r in zip(workers, (range(5), range(3, 8)), strict=True)]
        outcomes = [future.result(60) for future in futures]
    ids = [ClipId.parse_key(info.key) for info in objects.list("clips/") if info.key.endswith(".mp4")]
    found = [e.offset for i in ids for e in read_sidecar(objects, i).sidecar.entries if e.is_in_clip]
    assert sorted(found) == list(range(8)), outcomes
