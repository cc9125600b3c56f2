from pathlib import Path

import numpy as np
import pytest

from common.contracts.detection import Detection
from common.contracts.sidecar import Fate, FrameEntry
from common.contracts.sidecar_box import find_box, unpack_box
from common.contracts.work import WindowClosing
from common.errors import EncoderFailure, PoisonRecord, Transient
from consumers.pipeline.decode import decode_jpeg
from consumers.pipeline.encoder.mp4_boxes import read_boxes
from consumers.pipeline.workload import VideoWorkload
from tests.unit.pipeline.making import (
    BRIGHT,
    CLEAN,
    CLOSING,
    MODEL,
    ORIGIN,
    START_MS,
    BrightAnalyzer,
    build_bench,
    decode_clip,
    make_frame,
    make_opening,
    make_picture,
)


def moving(count: int, width: int = 160, height: int = 120) -> list[np.ndarray]:
    return [make_picture(width, height, spot=(10 + 4 * n, 40)) for n in range(count)]


def test_session_clip_decodes_to_what_its_sidecar_states(tmp_path: Path) -> None:
    bench = build_bench(tmp_path)
    frames = [make_frame(n, p, searched=n % 2 == 0) for n, p in enumerate(moving(9))]
    clip = bench.seal(frames)
    decoded = decode_clip(clip.video)
    sidecar = clip.sidecar
    assert sidecar.frame_count == len(decoded) == 9
    assert [pts for pts, _ in decoded] == [entry.pts_ms for entry in sidecar.entries] == [n * 100 for n in range(9)]
    assert (sidecar.width, sidecar.height) == (decoded[0][1].shape[1], decoded[0][1].shape[0]) == (160, 120)
    assert sidecar.t0_us == START_MS * 1000
    assert sidecar.counts() == {"analysed": 5, "carried": 4}
    assert sidecar.model == MODEL
    assert sidecar.settings_version == 7
    assert sidecar.complete
    assert sidecar.origin == ORIGIN


def test_session_sidecar_box_is_last_and_reads_back(tmp_path: Path) -> None:
    clip = build_bench(tmp_path).seal([make_frame(n) for n in range(3)])
    boxes = read_boxes(clip.video)
    data = clip.video.read_bytes()
    assert [b.kind for b in boxes][-1] == "uuid"
    assert boxes[-1].start == clip.sidecar_at == find_box(data)
    assert unpack_box(data[clip.sidecar_at :]) == clip.sidecar
    assert clip.size_bytes == len(data)
    kinds = [b.kind for b in boxes]
    assert kinds.index("moov") < kinds.index("mdat")


def test_session_entries_hold_identity_and_both_times(tmp_path: Path) -> None:
    frame = make_frame(4, captured_us=START_MS * 1000 + 5, ingested_us=START_MS * 1000 + 900)
    entry = build_bench(tmp_path).seal([frame]).sidecar.entries[0]
    assert (entry.offset, entry.log_ms, entry.session, entry.seq) == (4, frame.log_ms, frame.headers.session, 4)
    assert (entry.captured_us, entry.ingested_us) == (START_MS * 1000 + 5, START_MS * 1000 + 900)


def test_session_close_merges_what_is_not_in_the_clip_by_offset(tmp_path: Path) -> None:
    others = (
        FrameEntry(offset=1, log_ms=START_MS, fate=Fate.DUPLICATE, session="s" * 16, seq=3),
        FrameEntry(offset=9, log_ms=START_MS, fate=Fate.DEAD_LETTER),
    )
    clip = build_bench(tmp_path).seal([make_frame(0), make_frame(2)], WindowClosing(False, others))
    assert [entry.offset for entry in clip.sidecar.entries] == [0, 1, 2, 9]
    assert clip.sidecar.frame_count == 2
    assert not clip.sidecar.complete


def test_session_detections_are_published_before_drawing_with_tracks(tmp_path: Path) -> None:
    bench = build_bench(tmp_path)
    bench.seal([make_frame(n, p, searched=n != 1) for n, p in enumerate(moving(3))])
    assert [message.offset for message in bench.published] == [0, 2]
    message = bench.published[1]
    assert message.detections[0].track == 0
    assert message.detections[0].box[:2] == (18, 40)
    assert (message.width, message.height, message.partition, message.analysis) == (160, 120, 3, "bright")
    assert message.model_ms > 0


def test_session_boxes_and_time_are_drawn_and_carried(tmp_path: Path) -> None:
    frames = [
        make_frame(0, make_picture(320, 240, spot=(100, 100))),
        make_frame(1, make_picture(320, 240), searched=False),
    ]
    clip = build_bench(tmp_path).seal(frames)
    for _, picture in decode_clip(clip.video):
        assert picture[100, 100:160].std(axis=0).max() < 60
        assert np.abs(picture[100, 100:160].astype(int) - 60).max() > 60, "a line lies on the box's upper edge"
        assert picture[-12:, 4:200].max() > 200, "the time is written at the bottom"


def test_recorder_clips_are_clean_and_publish_nothing(tmp_path: Path) -> None:
    bench = build_bench(tmp_path, CLEAN)
    pictures = moving(4)
    clip = bench.seal([make_frame(n, p) for n, p in enumerate(pictures)], opening=make_opening("recorder"))
    for (_, shown), frame in zip(decode_clip(clip.video), pictures, strict=True):
        assert np.abs(shown.astype(int) - frame.astype(int)).mean() < 4
    assert bench.published == []
    assert clip.sidecar.counts() == {"analysed": 4}
    assert clip.sidecar.sightings == ()
    assert clip.sidecar.detections == ()
    assert clip.sidecar.model is None
    assert clip.poster is not None


def test_session_sighting_box_is_the_moment_of_its_crop(tmp_path: Path) -> None:
    clip = build_bench(tmp_path).seal([make_frame(n, p) for n, p in enumerate(moving(5))])
    (sighting,) = clip.sidecar.sightings
    assert (sighting.n, sighting.kind, sighting.label, sighting.frames) == (0, "spot", "bright", 5)
    assert (sighting.first_us, sighting.last_us) == (START_MS * 1000, START_MS * 1000 + 400_000)
    crop = decode_jpeg(clip.crops[0].read_bytes())
    x, y, w, h = sighting.box
    assert crop.shape[1] in range(w, w * 2)
    assert crop.shape[0] in range(h, h * 2)
    assert crop[crop.shape[0] // 2, crop.shape[1] // 2].min() > 200
    moment = next(found for found in clip.sidecar.detections if found.pts_ms == sighting.best_pts_ms)
    assert moment.items[0].box == (x, y, w, h)


def test_session_size_change_is_scaled_into_the_first_size_and_noted(tmp_path: Path) -> None:
    bench = build_bench(tmp_path)
    small = make_picture(160, 120, spot=(20, 40))
    large = make_picture(320, 120, spot=(40, 40))
    clip = bench.seal([make_frame(0, small), make_frame(1, large), make_frame(2, small)])
    sidecar = clip.sidecar
    assert (sidecar.width, sidecar.height) == (160, 120)
    assert sidecar.notes == ("scaled from 320x120",)
    assert [entry.note for entry in sidecar.entries] == [None, "scaled from 320x120", None]
    assert all(p.shape == (120, 160, 3) for _, p in decode_clip(clip.video))
    second = bench.published[1]
    assert (second.width, second.height) == (320, 120)
    assert np.abs(np.array(second.detections[0].box) - (40, 40, 30, 30)).max() <= 2
    assert np.abs(np.array(sidecar.detections[1].items[0].box) - (20, 50, 15, 15)).max() <= 1


@pytest.mark.parametrize(("width", "height"), [(1, 1), (8, 8), (7, 5), (641, 479)])
def test_session_tiny_and_odd_pictures_make_a_clip(tmp_path: Path, width: int, height: int) -> None:
    clip = build_bench(tmp_path).seal([make_frame(n, make_picture(width, height, value=120)) for n in range(3)])
    sidecar = clip.sidecar
    assert (sidecar.width % 2, sidecar.height % 2) == (0, 0)
    assert (sidecar.width - width, sidecar.height - height) == (width % 2, height % 2)
    assert bool(sidecar.notes) == bool(width % 2 or height % 2)
    assert len(decode_clip(clip.video)) == 3


@pytest.mark.parametrize(("width", "height"), [(1, 5000), (9000, 2), (4000, 4000)])
def test_session_extreme_pictures_make_a_clip(tmp_path: Path, width: int, height: int) -> None:
    clip = build_bench(tmp_path).seal([make_frame(n, make_picture(width, height)) for n in range(2)])
    assert max(clip.sidecar.width, clip.sidecar.height) <= 4096
    assert len(decode_clip(clip.video)) == 2


def test_session_failing_analyzer_keeps_the_frame_and_marks_it(tmp_path: Path) -> None:
    bench = build_bench(tmp_path)
    black = np.zeros((120, 160, 3), np.uint8)
    clip = bench.seal([make_frame(0, moving(1)[0]), make_frame(1, black), make_frame(2, moving(1)[0])])
    assert [entry.fate for entry in clip.sidecar.entries] == [Fate.ANALYSED, Fate.FAILED, Fate.ANALYSED]
    assert clip.sidecar.entries[1].note == "analyzer raised RuntimeError"
    assert len(decode_clip(clip.video)) == 3
    assert [message.offset for message in bench.published] == [0, 2]


def test_session_sampled_out_frame_is_in_the_clip_with_carried_boxes(tmp_path: Path) -> None:
    clip = build_bench(tmp_path).seal([make_frame(0), make_frame(1, searched=False, sampled_out=True)])
    assert [entry.fate for entry in clip.sidecar.entries] == [Fate.ANALYSED, Fate.SAMPLED_OUT]


def test_workload_poison_picture_raises_and_model_outage_is_transient(tmp_path: Path) -> None:
    class Away(BrightAnalyzer):
        def analyze(self, pictures: object) -> list[list[Detection]]:
            raise Transient("the model server does not answer")

    bench = build_bench(tmp_path)
    with pytest.raises(PoisonRecord):
        bench.workload.analyse(make_frame(0, jpeg=b"no picture"))
    workload = VideoWorkload(BRIGHT, Away(), bench.spool, bench.published.append)
    with pytest.raises(Transient):
        workload.analyse(make_frame(0))
    assert workload.analyse(make_frame(0, searched=False)).finding is None


def test_session_without_a_frame_has_no_clip(tmp_path: Path) -> None:
    bench = build_bench(tmp_path)
    session = bench.workload.open(make_opening())
    with pytest.raises(ValueError, match="no clip"):
        session.close(CLOSING)
    session.abandon()
    assert list(bench.spool.directory.iterdir()) == []


def test_session_abandon_gives_everything_back_and_may_repeat(tmp_path: Path) -> None:
    bench = build_bench(tmp_path)
    session = bench.workload.open(make_opening())
    session.add(make_frame(0), bench.workload.analyse(make_frame(0)))
    session.abandon()
    session.abandon()
    assert list(bench.spool.directory.iterdir()) == []
    assert bench.spool.used_bytes == 0
    with pytest.raises(EncoderFailure):
        session.add(make_frame(1), bench.workload.analyse(make_frame(1)))


def test_session_full_spool_is_an_encoder_failure(tmp_path: Path) -> None:
    bench = build_bench(tmp_path, limit_bytes=200)
    with pytest.raises(EncoderFailure):
        bench.seal([make_frame(n, p) for n, p in enumerate(moving(50))])


def test_sealed_clip_discard_gives_room_back(tmp_path: Path) -> None:
    bench = build_bench(tmp_path)
    clip = bench.seal([make_frame(n, p) for n, p in enumerate(moving(3))])
    assert bench.spool.used_bytes >= clip.size_bytes
    clip.discard()
    clip.discard()
    assert bench.spool.used_bytes == 0
    assert list(bench.spool.directory.iterdir()) == []


def test_session_picture_is_let_go_after_the_ordered_stage(tmp_path: Path) -> None:
    bench = build_bench(tmp_path)
    session = bench.workload.open(make_opening())
    analysed = bench.workload.analyse(make_frame(0))
    session.add(make_frame(0), analysed)
    with pytest.raises(LookupError):
        analysed.take_picture()
    session.abandon()
