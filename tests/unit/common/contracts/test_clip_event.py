"""Events of topic `clip-events`."""

import pytest

from common.contracts.clip_event import (
    ClipReady,
    GapFound,
    PartReady,
    QueryFailed,
    QueryPlanned,
    clip_ready,
    parse_event,
)
from common.contracts.sidecar import Fate
from tests.unit.common.contracts.samples import ORIGIN, T0_US, make_entry, make_sidecar


def test_a_clips_event_is_built_from_its_sidecar() -> None:
    many = (*(make_entry(n) for n in range(3)), make_entry(3, Fate.DEAD_LETTER))
    event = clip_ready(make_sidecar().model_copy(update={"entries": many}), video_bytes=999)
    assert event.clip_id == "emotion.demo-face.1767312000000.10000"
    assert event.video_key == "clips/emotion/demo-face/2026/01/02/1767312000000_10000.mp4"
    assert (event.video_bytes, event.frame_count, event.duration_ms) == (999, 3, 2)
    assert (event.first_offset, event.last_offset) == (0, 3)
    # A dead letter has a claim of its own; it is not in the clip.
    assert (event.first_captured_us, event.last_captured_us) == (T0_US, T0_US + 2_000)
    assert event.counts == {"analysed": 3, "dead_letter": 1}
    assert event.sightings[0].label == "happy"
    assert parse_event(event.to_json()) == event


def test_a_clip_without_claims_takes_its_own_start() -> None:
    bare = tuple(make_entry(n).model_copy(update={"captured_us": None}) for n in range(2))
    event = clip_ready(make_sidecar().model_copy(update={"entries": bare}), 1)
    assert (event.first_captured_us, event.last_captured_us) == (T0_US, T0_US)


@pytest.mark.parametrize(
    "event",
    [
        GapFound(analysis="emotion", origin=ORIGIN, first_offset=0, next_offset=99, reason="expired", found_us=T0_US),
        QueryPlanned(query_id="q-a", parts=3, duration_ms=1_000, frame_count=30),
        PartReady(query_id="q-a", part=0, parts=3, object_key="queries/q-a/parts/0.mp4", frame_count=10, duration_ms=9),
        QueryFailed(query_id="q-a", reason="The video cannot be read."),
    ],
)
def test_events_are_told_apart_by_type(event: GapFound | QueryPlanned | PartReady | QueryFailed) -> None:
    parsed = parse_event(event.to_json())
    assert parsed == event
    assert type(parsed) is type(event)


def test_a_gaps_id_names_its_first_offset() -> None:
    gap = GapFound(analysis="emotion", origin=ORIGIN, first_offset=5, next_offset=9, reason="expired", found_us=1)
    assert gap.gap_id == "emotion.1Yw1GQFkRq-8LkMH2eSQHA.3.5"


@pytest.mark.parametrize(
    "value", [b"", b"{}", b"[]", b'{"type":"cilp"}', b'{"type":"clip"}', b"\xff", b'{"type":"gap"}']
)
def test_what_is_no_event_is_refused(value: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_event(value)


def test_fields_of_a_newer_writer_are_ignored() -> None:
    event = clip_ready(make_sidecar(), 1)
    newer = event.to_json().replace(b'"v":1', b'"v":1,"weather":"fine"')
    parsed = parse_event(newer)
    assert isinstance(parsed, ClipReady)
    assert parsed == event
