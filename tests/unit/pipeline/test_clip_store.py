import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from common.clock import FakeClock
from common.contracts.clip import ClipId
from common.contracts.clip_event import clip_ready
from common.contracts.object_metadata import ClipMetadata
from common.contracts.sidecar import Fate, Origin, Sidecar
from common.contracts.sidecar_box import find_box, unpack_box
from common.contracts.window import Window
from common.contracts.work import WindowClosing
from common.errors import Transient
from common.metrics import Metrics
from common.storage.clips import put_tombstone, read_sidecar
from common.storage.memory import MemoryObjectStore
from consumers.pipeline.clip_put import SETTLE_S
from consumers.pipeline.clip_store import VideoClipStore
from consumers.pipeline.decode import decode_jpeg
from consumers.pipeline.sealed_clip import SpooledClip
from consumers.pipeline.stored_video import UnreadableClip
from tests.unit.pipeline.making import (
    CAMERA,
    CLIP_MS,
    ORIGIN,
    START_MS,
    Bench,
    build_bench,
    decode_clip,
    make_frame,
    make_opening,
    make_picture,
)

BASE = ClipId("bright", CAMERA, Window(START_MS, CLIP_MS))


class Shelf:
    """One object store and any number of workers' clip stores over it."""

    def __init__(self, folder: Path, is_atomic: bool = True) -> None:
        self.objects = MemoryObjectStore(is_atomic=is_atomic)
        self.clock = FakeClock()
        self.metrics = Metrics()
        self.bench: Bench = build_bench(folder)
        self.clips = VideoClipStore(self.objects, self.bench.spool, is_atomic, self.clock, self.metrics)

    def seal(self, offsets: Sequence[int], origin: Origin = ORIGIN) -> SpooledClip:
        frames = [make_frame(n, make_picture(96, 64, value=30 + 20 * n, spot=(8 + 4 * n, 20))) for n in offsets]
        return self.bench.seal(frames, opening=make_opening(origin=origin))

    def endings(self) -> list[str]:
        return sorted(key.removeprefix(BASE.stem) for key in self.objects.objects())

    def creates(self, key: str) -> int:
        return self.objects.calls.count(("create", key))

    @property
    def conflicts(self) -> float:
        return self.metrics.registry.get_sample_value("lookout_conflicts_total") or 0.0


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def offsets(sidecar: Sidecar) -> list[int]:
    return [entry.offset for entry in sidecar.entries]


def stored_clip(shelf: Shelf, clip_id: ClipId, tmp_path: Path) -> tuple[Sidecar, int]:
    """The stored sidecar, and the number of pictures the stored video decodes to."""
    (tmp_path / "fetched.mp4").write_bytes(shelf.objects.read(clip_id.video_key))
    return read_sidecar(shelf.objects, clip_id).sidecar, len(decode_clip(tmp_path / "fetched.mp4"))


def test_store_puts_video_crops_poster_sidecar_and_announces(shelf: Shelf) -> None:
    clip = shelf.seal(range(4))
    outcome = shelf.clips.store(clip)
    assert outcome.outcome == "created"
    assert shelf.endings() == [".0.jpg", ".jpg", ".json", ".mp4"]
    data = shelf.objects.read(BASE.video_key)
    assert data == clip.video.read_bytes()
    info = shelf.objects.head(BASE.video_key)
    metadata = ClipMetadata.from_metadata(info.metadata)
    assert (metadata.first_offset, metadata.last_offset, metadata.frame_count) == (0, 3, 4)
    assert metadata.sidecar_at == find_box(data)
    assert info.content_type == "video/mp4"
    assert Sidecar.model_validate_json(shelf.objects.read(BASE.sidecar_key)) == clip.sidecar
    assert decode_jpeg(shelf.objects.read(BASE.poster_key)).shape == (64, 96, 3)
    assert outcome.announced == (clip_ready(unpack_box(data[metadata.sidecar_at :]), len(data)),)


def test_store_again_is_harmless_and_announces_the_same(shelf: Shelf) -> None:
    clip = shelf.seal(range(3))
    first = shelf.clips.store(clip)
    before = shelf.objects.objects()
    second = shelf.clips.store(clip)
    assert second.announced == first.announced
    assert shelf.objects.objects() == before
    assert shelf.conflicts == 0


def test_store_partial_replay_is_covered_and_announces_the_stored(shelf: Shelf) -> None:
    whole = shelf.clips.store(shelf.seal(range(6)))
    replay = shelf.clips.store(shelf.seal(range(3, 6)))
    assert replay.outcome == "covered"
    assert replay.announced == whole.announced
    assert replay.announced[0].frame_count == 6
    assert shelf.endings() == [".0.jpg", ".jpg", ".json", ".mp4"]


def test_store_unknown_outcome_is_transient_and_found_out_by_repeating(shelf: Shelf) -> None:
    clip = shelf.seal(range(3))
    shelf.objects.fail_next("create", Transient("the answer was lost"), applied=True)
    with pytest.raises(Transient):
        shelf.clips.store(clip)
    outcome = shelf.clips.store(clip)
    assert outcome.outcome == "created"
    assert len(outcome.announced) == 1
    assert shelf.creates(BASE.video_key) == 2


@pytest.mark.parametrize("failing", range(1, 4))
def test_store_failure_at_each_derived_file_is_made_good(shelf: Shelf, failing: int) -> None:
    clip = shelf.seal(range(3))
    original = shelf.objects.create
    calls = 0

    def create(key: str, *rest: object) -> None:
        nonlocal calls
        calls += 1
        if calls == failing + 1:
            raise Transient("503")
        original(key, *rest)  # type: ignore[arg-type]

    shelf.objects.create = create  # type: ignore[method-assign, assignment]
    with pytest.raises(Transient):
        shelf.clips.store(clip)
    assert len(shelf.clips.store(clip).announced) == 1
    assert shelf.endings() == [".0.jpg", ".jpg", ".json", ".mp4"]


def test_store_covered_makes_missing_derived_files_from_the_stored_object(shelf: Shelf) -> None:
    shelf.clips.store(shelf.seal(range(6)))
    for key in (BASE.sidecar_key, BASE.poster_key, BASE.crop_key(0)):
        shelf.objects.delete(key)
    shelf.clips.store(shelf.seal(range(2)))
    assert shelf.endings() == [".0.jpg", ".jpg", ".json", ".mp4"]
    derived = Sidecar.model_validate_json(shelf.objects.read(BASE.sidecar_key))
    assert derived == read_sidecar(shelf.objects, BASE).sidecar
    assert decode_jpeg(shelf.objects.read(BASE.poster_key)).shape == (64, 96, 3)
    crop = decode_jpeg(shelf.objects.read(BASE.crop_key(0)))
    assert crop[crop.shape[0] // 2, crop.shape[1] // 2].min() > 180


def test_store_conflict_puts_exactly_the_remainder(shelf: Shelf, tmp_path: Path) -> None:
    shelf.clips.store(shelf.seal([0, 1, 2]))
    outcome = shelf.clips.store(shelf.seal([1, 2, 3, 4, 5]))
    assert outcome.outcome == "conflict"
    assert shelf.conflicts == 1
    assert [event.remainder for event in outcome.announced] == [0, 1]
    sidecar, pictures = stored_clip(shelf, BASE.with_remainder(1), tmp_path)
    assert offsets(sidecar) == [3, 4, 5]
    assert pictures == sidecar.frame_count == 3
    decoded = decode_clip(tmp_path / "fetched.mp4")
    assert [pts for pts, _ in decoded] == [entry.pts_ms for entry in sidecar.entries] == [0, 100, 200]
    assert [round(float(p[0, 0].mean()) / 10) for _, p in decoded] == [9, 11, 13]
    assert "~1.json" in shelf.endings()
    assert "~1.0.jpg" in shelf.endings()
    assert [s.frames for s in sidecar.sightings] == [3]
    assert shelf.bench.spool.used_bytes > 0


def test_store_conflict_repeated_stores_nothing_more(shelf: Shelf) -> None:
    shelf.clips.store(shelf.seal([0, 1, 2]))
    clip = shelf.seal([1, 2, 3, 4])
    first = shelf.clips.store(clip)
    before = shelf.objects.objects()
    second = shelf.clips.store(clip)
    assert second.announced == first.announced
    assert shelf.objects.objects() == before


def test_store_conflict_climbs_past_every_taken_number(shelf: Shelf, tmp_path: Path) -> None:
    shelf.clips.store(shelf.seal([0]))
    shelf.clips.store(shelf.seal([0, 2]))
    shelf.clips.store(shelf.seal([0, 4]))
    outcome = shelf.clips.store(shelf.seal([0, 1, 2, 3, 4, 5]))
    assert [event.remainder for event in outcome.announced] == [0, 1, 2, 3]
    found = [offsets(read_sidecar(shelf.objects, BASE.with_remainder(n)).sidecar) for n in range(4)]
    assert found == [[0], [2], [4], [1, 3, 5]]


def test_store_conflict_lost_race_for_a_number_is_subtracted(shelf: Shelf, tmp_path: Path) -> None:
    shelf.clips.store(shelf.seal([0]))
    rival = Shelf(tmp_path / "rival")
    rival_clip = rival.seal([0, 1])
    original = shelf.objects.create

    def create(key: str, *rest: object) -> None:
        if key == BASE.with_remainder(1).video_key:
            shelf.objects.create = original  # type: ignore[method-assign]
            VideoClipStore(shelf.objects, rival.bench.spool, True, shelf.clock).store(rival_clip)
        original(key, *rest)  # type: ignore[arg-type]

    shelf.objects.create = create  # type: ignore[method-assign, assignment]
    outcome = shelf.clips.store(shelf.seal([0, 1, 2]))
    assert outcome.outcome == "conflict"
    found = [offsets(read_sidecar(shelf.objects, BASE.with_remainder(n)).sidecar) for n in range(3)]
    assert found == [[0], [1], [2]]


def test_store_conflict_frames_with_stored_identity_are_duplicates(shelf: Shelf) -> None:
    shelf.clips.store(shelf.seal([0, 1]))
    retried = [make_frame(10, log_ms=START_MS + 1000, seq=1), make_frame(11, log_ms=START_MS + 1100)]
    shelf.clips.store(shelf.bench.seal(retried))
    rest = read_sidecar(shelf.objects, BASE.with_remainder(1)).sidecar
    assert [(e.offset, e.fate, e.is_in_clip) for e in rest.entries] == [
        (10, Fate.DUPLICATE, False),
        (11, Fate.ANALYSED, True),
    ]


def test_store_conflict_of_duplicates_only_stores_nothing(shelf: Shelf) -> None:
    shelf.clips.store(shelf.seal([0, 1]))
    outcome = shelf.clips.store(shelf.bench.seal([make_frame(10, log_ms=START_MS + 1000, seq=1)]))
    assert outcome.outcome == "conflict"
    assert [event.remainder for event in outcome.announced] == [0]
    assert not any("~" in key for key in shelf.endings())


def test_store_recreated_topic_keeps_both(shelf: Shelf) -> None:
    shelf.clips.store(shelf.seal([0, 1]))
    other = Origin(topic="frames", topic_id="another-topic-id", partition=ORIGIN.partition)
    frames = [make_frame(n, session="another-session-1") for n in (0, 1)]
    outcome = shelf.clips.store(shelf.bench.seal(frames, opening=make_opening(origin=other)))
    assert outcome.outcome == "conflict"
    assert offsets(read_sidecar(shelf.objects, BASE.with_remainder(1)).sidecar) == [0, 1]


def test_store_tombstone_covers_and_nothing_comes_back(shelf: Shelf) -> None:
    clip = shelf.seal([0, 1, 2])
    shelf.clips.store(clip)
    put_tombstone(shelf.objects, clip.sidecar, "deleted")
    for key in (BASE.sidecar_key, BASE.poster_key, BASE.crop_key(0)):
        shelf.objects.delete(key)
    outcome = shelf.clips.store(clip)
    assert outcome.outcome == "covered"
    assert outcome.announced == ()
    assert shelf.endings() == [".mp4"]


def test_store_foreign_object_at_the_key_accounts_for_nothing(shelf: Shelf) -> None:
    shelf.objects.create(BASE.video_key, b"something else", "text/plain")
    outcome = shelf.clips.store(shelf.seal([0, 1]))
    assert outcome.outcome == "conflict"
    assert [event.remainder for event in outcome.announced] == [1]


def test_store_without_metadata_still_finds_the_sidecar(shelf: Shelf) -> None:
    shelf.clips.store(shelf.seal([0, 1, 2]))
    shelf.objects.drop_metadata(BASE.video_key)
    assert shelf.clips.store(shelf.seal([1, 2])).outcome == "covered"


def test_store_undecodable_stored_video_is_still_announced(shelf: Shelf) -> None:
    clip = shelf.seal([0, 1])
    data = bytearray(clip.video.read_bytes())
    for at in range(40, clip.sidecar_at):
        data[at] = 0
    metadata = ClipMetadata.of(clip.sidecar, clip.sidecar_at).to_metadata()
    shelf.objects.create(BASE.video_key, bytes(data), "video/mp4", metadata)
    outcome = shelf.clips.store(shelf.seal([0]))
    assert outcome.outcome == "covered"
    assert len(outcome.announced) == 1
    assert shelf.endings() == [".json", ".mp4"]


def test_store_own_pictures_gone_is_no_retry(shelf: Shelf) -> None:
    clip = shelf.seal([0, 1])
    assert clip.poster is not None
    clip.poster.unlink()
    with pytest.raises(UnreadableClip):
        shelf.clips.store(clip)


def test_non_atomic_store_waits_and_reads_back_after_either_answer(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, is_atomic=False)
    clip = shelf.seal([0, 1])
    before_s = shelf.clock.monotonic_s()
    assert shelf.clips.store(clip).outcome == "created"
    assert shelf.clock.monotonic_s() == before_s + SETTLE_S
    assert ("read_range", BASE.video_key) in shelf.objects.calls
    assert shelf.clips.store(clip).outcome == "created"
    assert shelf.clock.monotonic_s() == before_s + 2 * SETTLE_S


def test_non_atomic_store_overwritten_create_is_treated_as_a_conflict(tmp_path: Path) -> None:
    """Two writers are both told `created`; the later one's object stays. The earlier must not believe its answer."""
    shelf = Shelf(tmp_path, is_atomic=False)
    ours = shelf.seal([0, 1, 2])
    rival = Shelf(tmp_path / "rival", is_atomic=False).seal([1, 2, 3])
    rival_metadata = ClipMetadata.of(rival.sidecar, rival.sidecar_at).to_metadata()
    shelf.objects.between_check_and_write = lambda _key: None
    original = shelf.clock.sleep

    def overwrite(seconds: float) -> None:
        shelf.clock.sleep = original  # type: ignore[method-assign]
        shelf.objects.replace(BASE.video_key, rival.video, "video/mp4", rival_metadata)
        original(seconds)

    shelf.clock.sleep = overwrite  # type: ignore[method-assign]
    outcome = shelf.clips.store(ours)
    assert outcome.outcome == "conflict"
    assert offsets(read_sidecar(shelf.objects, BASE).sidecar) == [1, 2, 3]
    assert offsets(read_sidecar(shelf.objects, BASE.with_remainder(1)).sidecar) == [0]


def test_non_atomic_store_two_threads_store_every_frame_once(tmp_path: Path) -> None:
    objects = MemoryObjectStore(is_atomic=False)
    workers = [Shelf(tmp_path / str(n)) for n in range(2)]
    clips = [workers[0].seal([0, 1, 2, 3]), workers[1].seal([2, 3, 4, 5])]
    outcomes: list[str] = []

    class ShortClock(FakeClock):
        def sleep(self, seconds: float) -> None:
            threading.Event().wait(0.05 * seconds)

    def work(number: int) -> None:
        store = VideoClipStore(objects, workers[number].bench.spool, False, ShortClock())
        outcomes.append(store.store(clips[number]).outcome)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    ids = [ClipId.parse_key(key) for key in objects.objects() if key.endswith(".mp4")]
    found = [e.offset for i in ids for e in read_sidecar(objects, i).sidecar.entries if e.is_in_clip]
    assert sorted(found) == [0, 1, 2, 3, 4, 5]
    assert len(outcomes) == 2


def test_load_sidecars_overlapping_windows_remainders_and_tombstones(shelf: Shelf) -> None:
    def put(start_ms: int, offset: int) -> SpooledClip:
        frames = [make_frame(offset, log_ms=start_ms)]
        clip = shelf.bench.seal(frames, opening=make_opening(window=Window(start_ms, CLIP_MS)))
        shelf.clips.store(clip)
        return clip

    day_end_ms = START_MS // 86_400_000 * 86_400_000 + 86_400_000
    starts = [START_MS, START_MS + CLIP_MS, START_MS + 10 * CLIP_MS, day_end_ms - CLIP_MS, day_end_ms]
    clips = [put(start_ms, n) for n, start_ms in enumerate(starts)]
    put(START_MS, 77)
    put_tombstone(shelf.objects, clips[1].sidecar, "expired")

    def loaded(from_ms: int, to_ms: int) -> list[int]:
        return sorted(e.offset for s in shelf.clips.load_sidecars("bright", CAMERA, from_ms, to_ms) for e in s.entries)

    assert loaded(START_MS, START_MS + 1) == [0, 77]
    assert loaded(START_MS + CLIP_MS - 1, START_MS + CLIP_MS + 1) == [0, 1, 77]
    assert loaded(START_MS + CLIP_MS, START_MS + 10 * CLIP_MS) == [1]
    assert loaded(day_end_ms - 1, day_end_ms + 1) == [3, 4]
    assert loaded(START_MS - 5 * 86_400_000, START_MS + 5 * 86_400_000) == [0, 1, 2, 3, 4, 77]
    assert loaded(0, 1000) == []
    assert shelf.clips.load_sidecars("bright", "cam-other", START_MS, START_MS + 1) == []


def test_load_sidecars_skips_what_is_no_clip(shelf: Shelf) -> None:
    shelf.clips.store(shelf.seal([0]))
    other = ClipId("bright", CAMERA, Window(START_MS + CLIP_MS, CLIP_MS))
    shelf.objects.create(other.video_key, b"junk", "video/mp4")
    assert len(shelf.clips.load_sidecars("bright", CAMERA, START_MS, START_MS + 2 * CLIP_MS)) == 1


def test_load_sidecars_lists_a_stretch_and_not_the_day(shelf: Shelf) -> None:
    shelf.objects.calls.clear()
    shelf.clips.load_sidecars("bright", CAMERA, START_MS, START_MS + 120_000)
    listed = [key for operation, key in shelf.objects.calls if operation == "list"]
    assert len(listed) <= 3
    assert all(key.rpartition("/")[2] for key in listed)


def test_list_cameras_names_each_once(shelf: Shelf) -> None:
    shelf.clips.store(shelf.seal([0]))
    shelf.objects.create("clips/bright/cam-a/2023/11/14/1_10000.json", b"{}", "application/json")
    shelf.objects.create("clips/recorder/cam-b/2023/11/14/1_10000.json", b"{}", "application/json")
    assert shelf.clips.list_cameras("bright") == ["cam-a", CAMERA]


def test_closing_others_survive_the_way_through_the_store(shelf: Shelf) -> None:
    clip = shelf.bench.seal([make_frame(0)], WindowClosing(True, ()))
    event = shelf.clips.store(clip).announced[0]
    assert event.complete
    assert event.counts == {"analysed": 1}
