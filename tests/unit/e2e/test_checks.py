import struct
import tempfile
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from camera_client.journal import JournalLine
from camera_client.stripe import StripeMark, draw_stripe
from camera_client.tally import Outcome
from common.contracts.detection import ModelInfo
from common.contracts.sidecar import Fate, FrameEntry, Origin, Sidecar
from common.contracts.sidecar_box import pack_box
from tests.e2e.checks.boxes import layout_problems, top_boxes
from tests.e2e.checks.film import decode_film, film_problems, stripe_problems
from tests.e2e.checks.findings import emotion_problems, plate_problems
from tests.e2e.checks.identities import identity_problems, offset_problems
from tests.e2e.checks.promptness import Listing, percentile, promptness_problems
from tests.e2e.checks.searches import searches_per_s
from tests.e2e.lag import LagSample, lag_in
from tests.e2e.stored_clip import StoredClip
from tests.e2e.verdict import lag_growth, plates_shown

SESSION = "s" * 22
START_MS = 1_700_000_000_000


def make_sidecar(seqs: list[int], first_offset: int = 0, **changes: Any) -> Sidecar:
    """A recorder clip of demo-face with frames `seqs`, 100 ms apart."""
    entries = tuple(
        FrameEntry(
            offset=first_offset + n,
            log_ms=START_MS + 100 * n,
            fate=Fate.ANALYSED,
            session=SESSION,
            seq=seq,
            captured_us=(START_MS + 100 * n) * 1000,
            pts_ms=100 * n,
        )
        for n, seq in enumerate(seqs)
    )
    fields: dict[str, Any] = {
        "analysis": "recorder",
        "camera": "demo-face",
        "start_ms": START_MS,
        "length_ms": 10_000,
        "origin": Origin(topic="frames", topic_id="t", partition=0),
        "t0_us": START_MS * 1000,
        "frame_count": len(seqs),
        "width": 320,
        "height": 64,
        "settings_version": 1,
        "entries": entries,
    }
    return Sidecar(**fields | changes)


def make_film(marks: list[StripeMark], pixel_format: str = "yuv420p") -> bytes:
    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        _write_film(file.name, marks, pixel_format)
        return Path(file.name).read_bytes()


def _write_film(name: str, marks: list[StripeMark], pixel_format: str) -> None:
    with av.open(name, "w", format="mp4", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 64, pixel_format
        stream.options = {"preset": "superfast", "tune": "zerolatency"}
        for mark in marks:
            picture = np.full((64, 320, 3), 120, np.uint8)
            draw_stripe(picture, mark)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode())


def marks_of(seqs: list[int]) -> list[StripeMark]:
    return [StripeMark.of("demo-face", SESSION, seq) for seq in seqs]


def line(seq: int, outcome: Outcome = Outcome.ACKNOWLEDGED) -> JournalLine:
    return JournalLine(SESSION, seq, 0, outcome)


def box(kind: bytes, size: int = 8) -> bytes:
    return struct.pack(">I4s", size, kind) + b"\0" * (size - 8)


def test_film_that_is_what_its_sidecar_says_has_no_problems() -> None:
    sidecar = make_sidecar([4, 5, 7])
    film = decode_film(make_film(marks_of([4, 5, 7])))
    assert film_problems(film, sidecar) == []
    assert stripe_problems(film, sidecar) == []


def test_film_with_frames_exchanged_is_found_by_the_stripes() -> None:
    film = decode_film(make_film(marks_of([4, 7, 5])))
    assert stripe_problems(film, make_sidecar([4, 5, 7])) == ["2 of 3 pictures are not the frame the sidecar says"]


def test_film_of_another_camera_is_found_by_the_stripes() -> None:
    film = decode_film(make_film([StripeMark.of("demo-cars", SESSION, 4)]))
    assert stripe_problems(film, make_sidecar([4]))


def test_film_one_picture_short_is_found() -> None:
    film = decode_film(make_film(marks_of([4, 5])))
    problems = film_problems(film, make_sidecar([4, 5, 7]))
    assert problems == ["2 pictures, sidecar says 3 and lists 3"]


def test_film_at_other_times_or_in_another_format_is_found() -> None:
    sidecar = make_sidecar([4, 5])
    moved = sidecar.model_copy(
        update={"entries": (sidecar.entries[0], sidecar.entries[1].model_copy(update={"pts_ms": 150}))}
    )
    assert film_problems(decode_film(make_film(marks_of([4, 5]))), moved)
    assert film_problems(decode_film(make_film(marks_of([4, 5]), "yuv444p")), sidecar)


def test_film_that_cannot_be_decoded_raises() -> None:
    with pytest.raises(ValueError, match="decoded"):
        decode_film(b"no film" * 20)


def test_layout_of_a_streamable_clip_has_no_problems() -> None:
    data = make_film(marks_of([1])) + pack_box(make_sidecar([1]))
    assert layout_problems(data) == []
    assert sum(b.size for b in top_boxes(data)) == len(data)


@pytest.mark.parametrize(
    "data",
    [
        box(b"ftyp") + box(b"mdat") + box(b"moov") + box(b"uuid"),
        box(b"ftyp") + box(b"moov") + box(b"mdat"),
        box(b"ftyp") + box(b"mdat") + box(b"uuid"),
        box(b"ftyp") + box(b"moov")[:4],
        b"",
    ],
)
def test_layout_wrong_is_found(data: bytes) -> None:
    assert layout_problems(data)


def test_stored_clip_of_another_id_is_refused() -> None:
    sidecar = make_sidecar([1])
    data = make_film(marks_of([1])) + pack_box(sidecar)
    assert StoredClip.of(str(sidecar.clip_id), data).sidecar == sidecar
    with pytest.raises(ValueError, match="holds the sidecar"):
        StoredClip.of("emotion.demo-face.1.2", data)


def test_identities_each_once_have_no_problems() -> None:
    sidecars = [make_sidecar([1, 2]), make_sidecar([3], first_offset=2)]
    assert identity_problems([line(1), line(2), line(3), line(9, Outcome.REFUSED)], sidecars) == []
    assert offset_problems(sidecars) == []


def test_identity_of_unknown_outcome_may_be_stored_or_not() -> None:
    journal = [line(1), line(2, Outcome.UNKNOWN)]
    assert identity_problems(journal, [make_sidecar([1])]) == []
    assert identity_problems(journal, [make_sidecar([1, 2])]) == []


@pytest.mark.parametrize(
    ("journal", "stored", "word"),
    [
        ([1, 2], [[1]], "in no clip"),
        ([1, 2], [[1, 2], [2]], "more than once"),
        ([1], [[1, 2]], "never acknowledged"),
        ([], [], "no frame"),
    ],
)
def test_identities_lost_repeated_or_made_up_are_found(journal: list[int], stored: list[list[int]], word: str) -> None:
    problems = identity_problems([line(seq) for seq in journal], [make_sidecar(seqs) for seqs in stored])
    assert len(problems) == 1
    assert word in problems[0]


def test_offsets_in_two_clips_are_found_and_duplicates_are_not_stored_frames() -> None:
    first = make_sidecar([1, 2])
    duplicate = first.entries[1].model_copy(update={"fate": Fate.DUPLICATE, "pts_ms": None, "offset": 7})
    second = make_sidecar([3], first_offset=2).model_copy(update={"entries": (duplicate,)})
    assert identity_problems([line(1), line(2)], [first, second]) == []
    assert offset_problems([first, second]) == []
    assert offset_problems([first, first])


def make_listing(age_s: float, window_end_s: float = 10.0, listed_s: float = 12.0) -> Listing:
    return Listing("c", "emotion", "demo-face", listed_s - age_s, window_end_s, 10.0, listed_s)


def test_percentile_is_the_nearest_rank() -> None:
    assert [percentile([5, 1, 4, 2, 3], share) for share in (0.0, 0.5, 0.8, 0.95, 1.0)] == [1, 3, 4, 5, 5]


def test_promptness_within_its_bounds_has_no_problems() -> None:
    assert promptness_problems([make_listing(12.9), make_listing(3.0)]) == []


def test_promptness_missed_is_found() -> None:
    assert "p95" in promptness_problems([make_listing(13.1)])[0]
    late = make_listing(12.0, window_end_s=20.0, listed_s=25.5)
    assert "last clip" in promptness_problems([make_listing(12.0), late])[0]
    assert promptness_problems([])


def test_plates_shown_must_be_read_and_no_others() -> None:
    read: list[dict[str, Any]] = [{"text": "KA74 XEF"}, {"text": "RT39HPC"}, {"text": None}]
    assert plate_problems(read, ["KA74XEF", "RT39HPC"]) == []
    assert plate_problems(read, ["TN64FLE"])
    assert plate_problems([*read, {"text": "KA74XE"}], ["KA74XEF"])


def test_emotion_of_the_demo_must_be_happy() -> None:
    assert emotion_problems([{"label": "happy"}, {"label": "happy"}]) == []
    assert emotion_problems([{"label": "happy"}, {"label": "sad"}])
    assert emotion_problems([])


def test_searches_a_second_count_analysed_frames_of_models_only() -> None:
    model = ModelInfo(name="m", version="1", sha256="0")
    sidecar = make_sidecar(list(range(11)), model=model)
    assert searches_per_s([sidecar, make_sidecar([1, 2])]) == pytest.approx(11.0)
    assert searches_per_s([]) == 0.0


def test_lag_is_the_sum_over_partitions() -> None:
    metrics = 'x 1\nlookout_lag_messages{partition="0"} 3.0\nlookout_lag_messages{partition="4"} 1.5e+01\n'
    assert lag_in(metrics) == 18.0
    assert lag_in("nothing 1\n") == 0.0


def test_lag_growth_compares_the_end_with_the_middle_of_the_worst_analysis() -> None:
    flat = [LagSample(float(t), "recorder", 5.0) for t in range(5, 50, 5)]
    growing = [LagSample(float(t), "emotion", float(t)) for t in range(5, 50, 5)]
    assert lag_growth(flat) == 0.0
    assert lag_growth(flat + growing) == 15.0
    assert lag_growth([]) == 0.0


def test_plates_shown_are_those_of_cars_that_came_and_went() -> None:
    frames = [10**15 + number * 100_000 for number in range(1000)]
    assert plates_shown(frames[:90]) == ["KA74XEF", "RT39HPC"]
    assert len(plates_shown(frames)) == 8
    assert plates_shown([]) == []


def test_plates_shown_are_not_those_of_frames_that_nobody_took() -> None:
    frames = [10**15 + number * 100_000 for number in range(120) if not 45 <= number < 60]
    assert len(plates_shown(frames)) == 2
