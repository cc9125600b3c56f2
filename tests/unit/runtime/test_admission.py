"""What a record is, from key and headers alone."""

from dataclasses import replace

from consumers.runtime.admission import NOT_APPLICABLE, TICK, Applicable, Poison, classify
from tests.unit.runtime.making import ANALYSIS, make_record, make_tick


def reason(record: object) -> str:
    kind = classify(record, ANALYSIS)  # type: ignore[arg-type]
    assert isinstance(kind, Poison)
    return kind.error.reason


def test_classify_frame_is_applicable_with_its_request() -> None:
    kind = classify(make_record(3), ANALYSIS)
    assert isinstance(kind, Applicable)
    assert (kind.camera, kind.headers.seq, kind.request.name) == ("cam-a", 3, ANALYSIS)


def test_classify_tick_is_a_tick() -> None:
    assert classify(make_tick(1), ANALYSIS) is TICK


def test_classify_frame_for_another_analysis_is_not_applicable() -> None:
    assert classify(make_record(1), "emotion") is NOT_APPLICABLE


def test_classify_null_key_without_tick_header_is_poison() -> None:
    assert reason(make_record(1, camera=None)) == "bad_key"


def test_classify_key_that_is_no_camera_is_poison() -> None:
    assert reason(make_record(1, camera="Käse")) == "bad_key"
    assert reason(make_record(1, camera="../etc")) == "bad_key"


def test_classify_bad_headers_are_poison_of_their_camera() -> None:
    record = replace(make_record(1), headers=[("v", b"1")])
    kind = classify(record, ANALYSIS)
    assert isinstance(kind, Poison)
    assert (kind.camera, kind.error.reason) == ("cam-a", "bad_headers")


def test_classify_frame_without_value_is_poison() -> None:
    assert reason(make_record(1, body=None)) == "no_value"
    assert reason(make_record(1, body=b"")) == "no_value"
