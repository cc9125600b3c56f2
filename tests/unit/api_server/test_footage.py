"""Any time of a span as one video: joined of the clips, whole, in order, and nobody else's."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from api_server.recordings.container import read_facts
from api_server.recordings.footage import Footage
from api_server.recordings.join import JoinBusy, JoinLimits, SpanJoiner
from api_server.recordings.movie import NotJoinable, read_movie
from common.contracts.clip_event import clip_ready
from common.contracts.object_metadata import ClipMetadata
from common.contracts.sidecar import Fate, FrameEntry, Sidecar
from common.contracts.sidecar_box import pack_box
from common.storage.clips import VIDEO_TYPE
from common.storage.port import RangeBody
from consumers.pipeline.encoder.clip_writer import ClipWriter
from tests.unit.api_server.world import VIDEO, Browser, World, recorder_sidecar

START = 1_700_000_000_000
FPS = 10


@pytest.fixture
def ann(world: World) -> Browser:
    return world.signed_in("ann")


def encoded(path: Path, count: int, size: tuple[int, int] = (64, 48), first: int = 0) -> bytes:
    """`count` pictures, 100 ms apart, each of another grey."""
    writer = ClipWriter(path, *size)
    for n in range(count):
        writer.write(np.full((size[1], size[0], 3), (first + n) * 7 % 251, np.uint8), n * 1000 // FPS)
    writer.finish()
    return path.read_bytes()


def clip_of(camera: str, start_ms: int, count: int, size: tuple[int, int] = (64, 48), **fields: Any) -> Sidecar:
    entries = tuple(
        FrameEntry(
            offset=n,
            log_ms=start_ms + n * 100,
            fate=Fate.ANALYSED,
            session="s" * 22,
            seq=n,
            captured_us=(start_ms + n * 100) * 1000,
            ingested_us=(start_ms + n * 100) * 1000,
            pts_ms=n * 100,
        )
        for n in range(count)
    )
    made = recorder_sidecar(camera, start_ms)
    change = {"entries": entries, "frame_count": count, "width": size[0], "height": size[1], **fields}
    return made.model_copy(update=change)


def add_clip(world: World, sidecar: Sidecar, video: bytes) -> str:
    """Store and index a clip with this video; its id."""
    data = video + pack_box(sidecar)
    metadata = ClipMetadata.of(sidecar, len(video)).to_metadata()
    world.store.create(sidecar.clip_id.video_key, data, VIDEO_TYPE, metadata)
    world.writer.write_clip(clip_ready(sidecar, len(data)))
    return str(sidecar.clip_id)


@dataclass
class Recorder:
    """Stores clips of a camera as the recorder does."""

    world: World
    camera: str
    folder: Path

    def add(self, at_ms: int, count: int = 20, size: tuple[int, int] = (64, 48), **fields: Any) -> str:
        """A clip that begins `at_ms` after START; its id."""
        sidecar = clip_of(self.camera, START + at_ms, count, size, **fields)
        video = encoded(self.folder / f"{at_ms}.mp4", count, size, at_ms // 100)
        return add_clip(self.world, sidecar, video)


@pytest.fixture
def recorder(world: World, ann: Browser, tmp_path: Path) -> Recorder:
    del ann
    return Recorder(world, world.add_camera("ann").id, tmp_path)


def path_of(camera: str, from_ms: int, to_ms: int, tail: str = "/video") -> str:
    return f"/v1/cameras/{camera}/footage{tail}?from={START + from_ms}&to={START + to_ms}"


def decoded(video: bytes) -> list[tuple[int, int]]:
    """(ms, mean grey) of every picture that a player shows."""
    with av.open(io.BytesIO(video), "r") as container:
        stream = container.streams.video[0]
        return [
            (round(float(frame.time or 0) * 1000), round(float(frame.to_ndarray(format="gray").mean())))
            for frame in container.decode(stream)
        ]


def test_join_holds_every_picture_at_its_time(ann: Browser, recorder: Recorder) -> None:
    for at_ms in (0, 2_000, 4_000):
        recorder.add(at_ms)
    answer = ann.get(path_of(recorder.camera, 0, 6_000))
    assert (answer.status_code, answer.mimetype) == (200, "video/mp4")
    shown = decoded(answer.data)
    assert [ms for ms, _ in shown] == [n * 100 for n in range(60)]
    alone = [grey for at_ms in (0, 2_000, 4_000) for _, grey in decoded(encoded_again(recorder, at_ms))]
    assert [grey for _, grey in shown] == alone
    facts = read_facts(io.BytesIO(answer.data), len(answer.data))
    assert (facts.duration_ms, facts.width, facts.height) == (6_000, 64, 48)
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    said = ann.get(path_of(recorder.camera, 0, 6_000, "")).get_json()
    assert (said["frames"], said["clips"], said["bytes"], said["gaps"]) == (60, 3, len(answer.data), [])
    assert (said["t0_us"], said["end_us"]) == (START * 1000, (START + 5_900) * 1000)
    assert said["video"] == path_of(recorder.camera, 0, 6_000)


def encoded_again(recorder: Recorder, at_ms: int) -> bytes:
    return (recorder.folder / f"{at_ms}.mp4").read_bytes()


def test_join_begins_and_ends_where_it_is_asked_to(ann: Browser, recorder: Recorder) -> None:
    """From within a clip: what leads the decoder in is there, and is not shown."""
    recorder.add(0, 120)
    recorder.add(12_000)
    answer = ann.get(path_of(recorder.camera, 7_300, 12_500))
    shown = decoded(answer.data)
    assert [ms for ms, _ in shown] == [n * 100 for n in range(52)]
    assert shown[0][1] == decoded(encoded_again(recorder, 0))[73][1]
    said = ann.get(path_of(recorder.camera, 7_300, 12_500, "")).get_json()
    assert (said["frames"], said["t0_us"]) == (52, (START + 7_300) * 1000)
    assert said["duration_ms"] == 5_200


def test_join_keeps_the_silence_between_clips(ann: Browser, recorder: Recorder) -> None:
    recorder.add(0)
    recorder.add(30_000)
    assert [ms for ms, _ in decoded(ann.get(path_of(recorder.camera, 0, 60_000)).data)][19:21] == [1_900, 30_000]
    (gap,) = ann.get(path_of(recorder.camera, 0, 60_000, "")).get_json()["gaps"]
    assert (gap["from_us"], gap["to_us"]) == ((START + 1_900) * 1000, (START + 30_000) * 1000)


def test_join_of_clips_that_overlap_stays_in_order(ann: Browser, recorder: Recorder) -> None:
    recorder.add(0)
    recorder.add(1_500)
    times = [ms for ms, _ in decoded(ann.get(path_of(recorder.camera, 0, 9_000)).data)]
    assert len(times) == 40
    assert times == sorted(set(times))


def test_join_ranges_are_those_of_the_whole(ann: Browser, recorder: Recorder) -> None:
    recorder.add(0)
    recorder.add(2_000)
    path = path_of(recorder.camera, 0, 6_000)
    whole = ann.get(path)
    size = len(whole.data)
    for start, end in ((0, 0), (0, size - 1), (size - 5, size - 1), (100, size // 2), (size // 2 - 7, size // 2 + 900)):
        part = ann.get(path, headers={"Range": f"bytes={start}-{end}"})
        assert (part.status_code, part.data) == (206, whole.data[start : end + 1]), (start, end)
        assert part.headers["Content-Range"] == f"bytes {start}-{end}/{size}"
    assert ann.get(path, headers={"Range": f"bytes={size}-"}).status_code == 416
    assert ann.get(path, headers={"If-None-Match": whole.headers["ETag"]}).status_code == 304
    head = ann.client.head(path)
    assert (head.status_code, head.data, head.headers["Content-Length"]) == (200, b"", str(size))
    saved = ann.get(f"{path}&download=1").headers["Content-Disposition"]
    assert saved.startswith(f'attachment; filename="{recorder.camera}_2023-11-14T22-13-20Z_')


def test_join_leaves_out_what_was_deleted(world: World, ann: Browser, recorder: Recorder) -> None:
    recorder.add(0)
    gone = recorder.add(2_000)
    recorder.add(4_000)
    path = path_of(recorder.camera, 0, 6_000)
    before = ann.get(path)
    assert ann.send("DELETE", f"/v1/clips/{gone}").status_code == 204
    after = ann.get(path)
    assert after.headers["ETag"] != before.headers["ETag"]
    assert [ms for ms, _ in decoded(after.data)] == [*range(0, 2_000, 100), *range(4_000, 6_000, 100)]
    world.eraser.run_once()
    assert ann.get(path).data == after.data


def test_join_of_a_clip_whose_tombstone_the_index_has_not_seen(world: World, ann: Browser, recorder: Recorder) -> None:
    recorder.add(0)
    gone = world.record(recorder.add(2_000))
    world.store.replace(gone.clip_id.video_key, b"tombstone", "application/octet-stream")
    assert len(decoded(ann.get(path_of(recorder.camera, 0, 6_000)).data)) == 20


def test_join_over_another_picture_size_says_where(ann: Browser, recorder: Recorder) -> None:
    recorder.add(0)
    recorder.add(2_000, size=(80, 48))
    refused = ann.get(path_of(recorder.camera, 0, 6_000))
    assert (refused.status_code, refused.get_json()["code"]) == (422, "format_changes")
    assert "from 64x48 to 80x48 at 2023-11-14 22:13:22 UTC" in refused.get_json()["message"]
    assert len(decoded(ann.get(path_of(recorder.camera, 0, 2_000)).data)) == 20
    assert len(decoded(ann.get(path_of(recorder.camera, 2_000, 6_000)).data)) == 20


def test_join_has_its_limits(tmp_path: Path) -> None:
    world = World(tmp_path, SPAN_HOURS="1", SPAN_BYTES="1000000")
    ann = world.signed_in("ann")
    recorder = Recorder(world, world.add_camera("ann").id, tmp_path)
    recorder.add(0)
    camera = recorder.camera
    for tail in ("", "/video"):
        long = ann.get(path_of(camera, 0, 3_600_001, tail))
        assert (long.status_code, long.get_json()["code"]) == (422, "too_long")
        empty = ann.get(path_of(camera, 60_000, 70_000, tail))
        assert (empty.status_code, empty.get_json()["code"]) == (422, "nothing_recorded")
        assert ann.get(path_of(camera, 5, 5, tail)).status_code == 400
    sidecar = clip_of(camera, START + 10_000, 5)
    add_clip(world, sidecar, b"x" * 10**6)
    large = ann.get(path_of(camera, 0, 60_000))
    assert (large.status_code, large.get_json()["code"]) == (413, "too_large")


def test_join_of_what_is_no_clip_of_ours_is_refused(world: World, ann: Browser, recorder: Recorder) -> None:
    add_clip(world, recorder_sidecar(recorder.camera, START), VIDEO)
    refused = ann.get(path_of(recorder.camera, 0, 6_000))
    assert (refused.status_code, refused.get_json()["code"]) == (422, "not_joinable")
    with pytest.raises(NotJoinable):
        read_movie(b"\0\0\0\x10trakxxxxxxxx")


def test_join_of_a_long_clip_reads_tables_beyond_the_first_bytes(
    ann: Browser, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder.add(0)
    monkeypatch.setattr("api_server.recordings.join.HEAD_BYTES", 100)
    assert len(decoded(ann.get(path_of(recorder.camera, 0, 6_000)).data)) == 20


def test_join_is_written_down_and_is_nobody_elses(world: World, ann: Browser, recorder: Recorder) -> None:
    recorder.add(0)
    path = path_of(recorder.camera, 0, 6_000)
    assert world.signed_in("bob").get(path).status_code == 404
    assert world.audited("recording.view") == []
    for _ in range(3):
        ann.get(path, headers={"Range": "bytes=0-9"})
    (entry,) = world.audited("recording.view")
    assert (entry.camera, entry.details["from_ms"]) == (recorder.camera, str(START))


def test_joins_at_once_are_bounded(world: World, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder.add(0)
    monkeypatch.setattr("api_server.recordings.join.AT_ONCE", 1)
    monkeypatch.setattr("api_server.recordings.join.TURN_S", 0.01)
    joiner = SpanJoiner(Footage(world.database), world.store, JoinLimits(3_600_000, 10**9), world.clock)
    asked: list[str] = []
    read = world.store.read_range

    def slow(key: str, start: int, end: int | None = None) -> RangeBody:
        if not asked:
            asked.append(key)
            with pytest.raises(JoinBusy):
                joiner.join(recorder.camera, START * 1000, (START + 5_000) * 1000)
        return read(key, start, end)

    monkeypatch.setattr(world.store, "read_range", slow)
    assert joiner.join(recorder.camera, START * 1000, (START + 6_000) * 1000).frames == 20
    assert asked
