"""The sidecar."""

import json

import pytest
from hypothesis import given

from common.contracts.sidecar import Fate, FrameEntry, Origin, Sidecar
from tests.unit.common.contracts.samples import ORIGIN, SESSION, make_entry, make_sidecar, sidecars


@given(sidecars)
def test_sidecars_round_trip_as_json(sidecar: Sidecar) -> None:
    assert Sidecar.model_validate_json(sidecar.to_json()) == sidecar


def test_json_has_no_empty_fields_and_no_spaces() -> None:
    text = make_sidecar().to_json()
    assert b": " not in text
    assert "tombstone" not in json.loads(text)
    assert json.loads(text)["entries"][0] == {
        "offset": 0,
        "log_ms": 1_767_312_000_000,
        "fate": "analysed",
        "session": SESSION,
        "seq": 0,
        "captured_us": 1_767_312_000_000_000,
        "ingested_us": 1_767_312_000_000_500,
        "pts_ms": 0,
    }


def test_a_newer_writers_fields_are_ignored() -> None:
    fields = json.loads(make_sidecar().to_json())
    fields["invented_later"] = {"a": 1}
    fields["entries"][0]["colour"] = "red"
    assert Sidecar.model_validate(fields) == make_sidecar()


def test_a_sidecar_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        setattr(make_sidecar(), "camera", "other")  # noqa: B010  a plain assignment would not pass the type check


def test_offsets_are_covered_whatever_became_of_them() -> None:
    many = [make_entry(n, fate) for n, fate in enumerate(Fate)]
    sidecar = make_sidecar().model_copy(update={"entries": tuple(reversed(many))})
    assert sidecar.covered_offsets(ORIGIN) == frozenset(range(len(Fate)))
    assert (sidecar.first_offset, sidecar.last_offset) == (0, len(Fate) - 1)


@pytest.mark.parametrize(
    "other",
    [
        ORIGIN.model_copy(update={"partition": 4}),
        ORIGIN.model_copy(update={"topic_id": "another"}),
    ],
)
def test_offsets_of_another_log_are_not_covered(other: Origin) -> None:
    assert make_sidecar().covered_offsets(other) == frozenset()


def test_the_topics_name_is_no_part_of_the_log() -> None:
    assert make_sidecar().covered_offsets(ORIGIN.model_copy(update={"topic": "renamed-frames"})) == {0, 1, 2}


def test_a_hole_between_first_and_last_is_not_covered() -> None:
    sidecar = make_sidecar().model_copy(update={"entries": (make_entry(3), make_entry(9))})
    assert 5 not in sidecar.covered_offsets(ORIGIN)


def test_identities_are_those_of_frames_that_are_held() -> None:
    many = (
        make_entry(0, seq=10),
        make_entry(1, Fate.CARRIED, seq=11),
        make_entry(2, Fate.FAILED, seq=12),
        make_entry(3, Fate.SAMPLED_OUT, seq=13),
        make_entry(4, Fate.DUPLICATE, seq=14),
        make_entry(5, Fate.DEAD_LETTER, seq=15),
        FrameEntry(offset=6, log_ms=0, fate=Fate.TICK),
    )
    sidecar = make_sidecar().model_copy(update={"entries": many})
    assert sidecar.identities() == {(SESSION, seq) for seq in (10, 11, 12, 13)}
    assert sidecar.counts() == {
        "analysed": 1,
        "carried": 1,
        "failed": 1,
        "sampled_out": 1,
        "duplicate": 1,
        "dead_letter": 1,
        "tick": 1,
    }


def test_a_frame_is_in_the_clip_when_it_has_a_presentation_time() -> None:
    assert make_entry(0, pts_ms=0).is_in_clip
    assert not make_entry(0, Fate.DEAD_LETTER).is_in_clip


def test_the_id_names_analysis_camera_and_window() -> None:
    sidecar = make_sidecar().model_copy(update={"remainder": 2})
    assert str(sidecar.clip_id) == "emotion.demo-face.1767312000000.10000~2"
