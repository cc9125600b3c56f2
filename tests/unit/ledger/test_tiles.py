"""Every offset in exactly one state, and what cannot be explained is shown."""

from common.contracts.clip_event import GapFound
from common.contracts.dead_letter import DeadLetter
from common.contracts.frame import TICK_HEADERS, AnalysisRequest, FrameHeaders, encode_headers
from common.contracts.sidecar import Fate, FrameEntry, Origin, Sidecar
from common.kafka.ports import Record
from consumers.ledger.evidence import Evidence
from consumers.ledger.report import Ledger, to_table
from consumers.ledger.tiles import UNEXPLAINED, Tiles, state_of, tile_partition

TOPIC_ID = "t-1"
ORIGIN = Origin(topic="frames", topic_id=TOPIC_ID, partition=0)
SESSION = "s" * 22


def make_record(offset: int, seq: int | None = None, analyses: tuple[str, ...] = ("recorder",)) -> Record:
    frame = FrameHeaders(
        session=SESSION,
        seq=offset if seq is None else seq,
        captured_at_us=1,
        ingested_at_us=1,
        width=8,
        height=8,
        settings_version=1,
        analyses=tuple(AnalysisRequest(name) for name in analyses),
        clip_ms=10_000,
    )
    return Record("frames", 0, offset, 1_000 + offset, b"cam-a", b"jpeg", encode_headers(frame))


def make_sidecar(offsets: dict[int, Fate], start_ms: int = 0, seqs: dict[int, int] | None = None) -> Sidecar:
    entries = tuple(
        FrameEntry(offset=o, log_ms=1_000 + o, fate=fate, session=SESSION, seq=(seqs or {}).get(o, o), pts_ms=o)
        for o, fate in offsets.items()
    )
    return Sidecar(
        analysis="recorder",
        camera="cam-a",
        start_ms=start_ms,
        length_ms=10_000,
        origin=ORIGIN,
        t0_us=0,
        frame_count=len(entries),
        width=8,
        height=8,
        settings_version=1,
        entries=entries,
    )


def state(record: Record, evidence: Evidence, committed: int | None = 100) -> str:
    return state_of(record, evidence, TOPIC_ID, committed)[1]


def test_stored_offset_has_the_fate_the_sidecar_says() -> None:
    evidence = Evidence("recorder")
    evidence.add_sidecar(make_sidecar({0: Fate.ANALYSED, 1: Fate.DUPLICATE}))
    assert state(make_record(0), evidence) == Fate.ANALYSED
    assert state(make_record(1), evidence) == Fate.DUPLICATE


def test_stored_offset_of_another_topic_id_explains_nothing() -> None:
    evidence = Evidence("recorder")
    evidence.add_sidecar(make_sidecar({0: Fate.ANALYSED}))
    assert state_of(make_record(7, seq=99), evidence, "t-2", 100)[1] == UNEXPLAINED


def test_tick_has_no_camera() -> None:
    tick = Record("frames", 0, 5, 1, None, None, TICK_HEADERS)
    assert state_of(tick, Evidence("recorder"), TOPIC_ID, 100) == ("-", Fate.TICK)


def test_frame_without_the_analysis_is_not_applicable() -> None:
    assert state(make_record(3, analyses=("emotion",)), Evidence("recorder")) == Fate.NOT_APPLICABLE


def test_dead_letter_counts_for_its_own_analysis_only() -> None:
    evidence = Evidence("recorder")
    letter = DeadLetter("emotion", "frames", TOPIC_ID, 0, 4, "not_jpeg", "", 1, 0)
    evidence.add_dead_letter(letter)
    assert state(make_record(4), evidence) == UNEXPLAINED
    evidence.add_dead_letter(DeadLetter("recorder", "frames", TOPIC_ID, 0, 4, "not_jpeg", "", 1, 0))
    assert state(make_record(4), evidence) == Fate.DEAD_LETTER


def test_gap_covers_its_range_only() -> None:
    evidence = Evidence("recorder")
    gap = GapFound(analysis="recorder", origin=ORIGIN, first_offset=3, next_offset=5, reason="expired", found_us=0)
    evidence.add_gap(gap)
    assert [state(make_record(o), evidence) for o in (2, 3, 4, 5)] == [UNEXPLAINED, Fate.GAP, Fate.GAP, UNEXPLAINED]


def test_offset_at_or_past_the_mark_is_lag() -> None:
    evidence = Evidence("recorder")
    assert state(make_record(9), evidence, committed=9) == Fate.LAG
    assert state(make_record(8), evidence, committed=9) == UNEXPLAINED
    assert state(make_record(8), evidence, committed=None) == Fate.LAG


def test_retry_alone_in_its_window_is_a_duplicate() -> None:
    evidence = Evidence("recorder")
    evidence.add_sidecar(make_sidecar({0: Fate.ANALYSED}))
    assert state(make_record(50, seq=0), evidence) == Fate.DUPLICATE


def test_ledger_with_a_frame_in_two_clips_is_not_balanced() -> None:
    evidence = Evidence("recorder")
    evidence.add_sidecar(make_sidecar({0: Fate.ANALYSED}))
    evidence.add_sidecar(make_sidecar({9: Fate.ANALYSED}, start_ms=10_000, seqs={9: 0}))
    tiles = Tiles()
    tile_partition(tiles, evidence, TOPIC_ID, [make_record(0), make_record(9, seq=0)], 100)
    ledger = Ledger("recorder", tiles, evidence)
    assert tiles.unexplained == 0
    assert not ledger.is_balanced
    assert "stored twice 1" in to_table([ledger])


def test_table_names_what_is_unexplained() -> None:
    evidence = Evidence("recorder")
    tiles = Tiles()
    tile_partition(tiles, evidence, TOPIC_ID, [make_record(1)], 100)
    text = to_table([Ledger("recorder", tiles, evidence)])
    assert "unexplained 1" in text
    assert "cam-a partition 0 offset 1" in text
