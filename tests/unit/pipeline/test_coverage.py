import pytest

from common.contracts.sidecar import Fate, FrameEntry, Origin, Sidecar
from common.storage.clips import tombstone_of
from consumers.pipeline.coverage import remainder_of
from consumers.pipeline.remainder_clip import remainder_sidecar
from tests.unit.pipeline.making import CAMERA, CLIP_MS, ORIGIN, SESSION, START_MS


def entry(offset: int, fate: Fate = Fate.ANALYSED, seq: int | None = None) -> FrameEntry:
    in_clip = fate not in (Fate.DUPLICATE, Fate.DEAD_LETTER)
    return FrameEntry(
        offset=offset,
        log_ms=START_MS + offset,
        fate=fate,
        session=SESSION,
        seq=offset if seq is None else seq,
        captured_us=START_MS * 1000 + offset * 1000,
        pts_ms=offset * 100 if in_clip else None,
    )


def sidecar(*entries: FrameEntry, origin: Origin = ORIGIN) -> Sidecar:
    return Sidecar(
        analysis="bright",
        camera=CAMERA,
        start_ms=START_MS,
        length_ms=CLIP_MS,
        origin=origin,
        t0_us=START_MS * 1000,
        frame_count=sum(e.is_in_clip for e in entries),
        width=64,
        height=48,
        settings_version=1,
        complete=True,
        entries=entries,
    )


def test_coverage_same_offsets_leave_nothing() -> None:
    ours = sidecar(entry(1), entry(2))
    assert remainder_of(ours, [sidecar(entry(1), entry(2), entry(3))]).is_empty


def test_coverage_asks_for_every_offset_not_first_and_last() -> None:
    ours = sidecar(entry(1), entry(2), entry(3))
    assert [e.offset for e in remainder_of(ours, [sidecar(entry(1), entry(3))]).frames] == [2]


@pytest.mark.parametrize("fate", [Fate.DUPLICATE, Fate.DEAD_LETTER, Fate.FAILED, Fate.CARRIED])
def test_coverage_counts_whatever_became_of_an_offset(fate: Fate) -> None:
    assert remainder_of(sidecar(entry(1)), [sidecar(entry(1, fate), entry(5))]).is_empty


def test_coverage_tombstone_covers() -> None:
    stored = sidecar(entry(1), entry(2))
    assert remainder_of(stored, [tombstone_of(stored, "deleted")]).is_empty


def test_coverage_other_topic_or_partition_covers_nothing() -> None:
    for origin in (
        Origin(topic="frames", topic_id="another", partition=ORIGIN.partition),
        Origin(topic="frames", topic_id=ORIGIN.topic_id, partition=ORIGIN.partition + 1),
    ):
        ours = sidecar(entry(1, seq=101))
        assert len(remainder_of(ours, [sidecar(entry(1), origin=origin)]).frames) == 1


def test_coverage_uncovered_frame_with_stored_identity_becomes_duplicate() -> None:
    ours = sidecar(entry(7, seq=1), entry(8))
    remainder = remainder_of(ours, [sidecar(entry(1))])
    assert [(e.offset, e.fate, e.pts_ms) for e in remainder.entries] == [
        (7, Fate.DUPLICATE, None),
        (8, Fate.ANALYSED, 800),
    ]
    assert [e.offset for e in remainder.frames] == [8]


def test_coverage_identity_in_a_recreated_topic_is_a_duplicate() -> None:
    stored = sidecar(entry(1), origin=Origin(topic="frames", topic_id="before", partition=3))
    assert remainder_of(sidecar(entry(1)), [stored]).frames == ()


def test_coverage_subtracts_all_lower_numbers() -> None:
    ours = sidecar(*(entry(n) for n in range(6)))
    stored = [sidecar(entry(0), entry(1)), sidecar(entry(2)), sidecar(entry(5))]
    assert [e.offset for e in remainder_of(ours, stored).frames] == [3, 4]


def test_remainder_sidecar_starts_at_zero_and_counts_its_frames() -> None:
    ours = sidecar(entry(1), entry(3), entry(4, Fate.DUPLICATE), entry(6))
    rest = remainder_sidecar(ours, remainder_of(ours, [sidecar(entry(1))]), 2)
    assert str(rest.clip_id).endswith("~2")
    assert [(e.offset, e.pts_ms) for e in rest.entries] == [(3, 0), (4, None), (6, 300)]
    assert rest.t0_us == ours.t0_us + 300_000
    assert rest.frame_count == 2
    assert not rest.complete


def test_remainder_sidecar_without_frames_is_refused() -> None:
    ours = sidecar(entry(7, seq=1))
    with pytest.raises(ValueError, match="without a frame"):
        remainder_sidecar(ours, remainder_of(ours, [sidecar(entry(1))]), 1)
