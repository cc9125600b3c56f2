"""The headers of a frame record."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.contracts.frame import (
    ANALYSES_MAX,
    CLIP_MS_MAX,
    CLIP_MS_MIN,
    EVERY_MS_MAX,
    TICK_HEADERS,
    TIME_MAX_US,
    AnalysisRequest,
    CapturedFlag,
    FrameHeaders,
    Headers,
    Policy,
    decode_headers,
    encode_headers,
    format_analyses,
    is_tick,
    parse_analyses,
)
from common.errors import PoisonRecord

SESSION = "s" * 22
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
FRAME = FrameHeaders(
    session=SESSION,
    seq=7,
    captured_at_us=1_767_312_000_000_000,
    ingested_at_us=1_767_312_000_100_000,
    width=640,
    height=480,
    settings_version=3,
    analyses=(AnalysisRequest("emotion", 100), AnalysisRequest("license_plate", 500), AnalysisRequest("recorder")),
    clip_ms=10_000,
)


def changed(**changes: bytes | None) -> list[tuple[str, bytes]]:
    """The headers of FRAME with some replaced, or left out (None)."""
    headers = dict(encode_headers(FRAME))
    for name, value in changes.items():
        if value is None:
            del headers[name]
        else:
            headers[name] = value
    return list(headers.items())


def test_headers_are_as_documented() -> None:
    assert dict(encode_headers(FRAME)) == {
        "v": b"1",
        "session": SESSION.encode(),
        "seq": b"7",
        "captured_at": b"1767312000000000",
        "ingested_at": b"1767312000100000",
        "size": b"640x480",
        "settings": b"3",
        "analyses": b"emotion;every=100,license_plate;every=500,recorder",
        "clip_ms": b"10000",
        "policy": b"every-frame",
    }


names = st.from_regex(r"[a-z][a-z0-9_]{1,31}", fullmatch=True)
requests = st.builds(AnalysisRequest, names, st.none() | st.integers(1, EVERY_MS_MAX))
frames = st.builds(
    FrameHeaders,
    session=st.from_regex(r"[A-Za-z0-9_-]{16,64}", fullmatch=True),
    seq=st.integers(0, 2**63 - 1),
    captured_at_us=st.integers(0, TIME_MAX_US),
    ingested_at_us=st.integers(0, TIME_MAX_US),
    width=st.integers(1, 65_535),
    height=st.integers(1, 65_535),
    settings_version=st.integers(0, 2**62),
    analyses=st.lists(requests, max_size=5, unique_by=lambda r: r.name).map(tuple),
    clip_ms=st.integers(CLIP_MS_MIN, CLIP_MS_MAX),
    policy=st.sampled_from(Policy),
    captured_flag=st.none() | st.sampled_from(CapturedFlag),
    traceparent=st.none() | st.just(TRACE),
)


@given(frames)
def test_headers_round_trip(frame: FrameHeaders) -> None:
    assert decode_headers(encode_headers(frame)) == frame


@given(st.lists(st.tuples(st.sampled_from([n for n, _ in encode_headers(FRAME)] + ["x"]), st.binary(max_size=30))))
def test_arbitrary_headers_are_read_or_poison(headers: Headers) -> None:
    merged = list({**dict(encode_headers(FRAME)), **dict(headers)}.items())
    for candidate in (headers, merged):
        try:
            decode_headers(candidate)
        except PoisonRecord as error:
            assert error.reason == "bad_headers"  # noqa: PT017  anything else would fail the test


@pytest.mark.parametrize("name", [n for n, _ in encode_headers(FRAME)])
def test_a_header_that_is_missing_is_poison_and_named(name: str) -> None:
    if name == "analyses":  # none: nothing is done with the frame
        assert decode_headers(changed(analyses=b"")).analyses == ()
        return
    with pytest.raises(PoisonRecord) as caught:
        decode_headers(changed(**{name: None}))
    assert caught.value.reason == "bad_headers"


@pytest.mark.parametrize(
    "changes",
    [
        {"v": b"2"},
        {"v": b"x"},
        {"v": b"-1"},
        {"session": b"short"},
        {"session": b"s" * 65},
        {"session": b"s" * 20 + b"/"},
        {"session": b"s" * 20 + b"\n"},
        {"session": "ä".encode() * 20},
        {"seq": b"-1"},
        {"seq": b"1.0"},
        {"seq": b" 1"},
        {"seq": str(2**63).encode()},
        {"seq": b"1" * 20},
        {"captured_at": b"-5"},
        {"captured_at": str(TIME_MAX_US + 1).encode()},
        {"ingested_at": b""},
        {"ingested_at": str(2**62).encode()},
        {"size": b"640"},
        {"size": b"640x"},
        {"size": b"x480"},
        {"size": b"0x480"},
        {"size": b"640x480x3"},
        {"size": b"640x65536"},
        {"settings": b"-1"},
        {"clip_ms": str(CLIP_MS_MIN - 1).encode()},
        {"clip_ms": str(CLIP_MS_MAX + 1).encode()},
        {"policy": b"every frame"},
        {"policy": b""},
        {"captured_flag": b"late"},
        {"analyses": b"Emotion"},
        {"analyses": b"emotion,"},
        {"analyses": b",emotion"},
        {"analyses": b"emotion;"},
        {"analyses": b"emotion;every"},
        {"analyses": b"emotion;every="},
        {"analyses": b"emotion;every=0"},
        {"analyses": b"emotion;every=60001"},
        {"analyses": b"emotion;every=1;every=2"},
        {"analyses": b"emotion;sometimes=5"},
        {"analyses": b"emotion;every=100,emotion;every=500"},
        {"analyses": b"../../etc"},
        {"analyses": b"\xff"},
    ],
)
def test_a_header_that_is_wrong_is_poison(changes: dict[str, bytes]) -> None:
    with pytest.raises(PoisonRecord) as caught:
        decode_headers(changed(**changes))
    assert caught.value.reason == "bad_headers"


def test_a_header_that_stands_twice_is_poison() -> None:
    with pytest.raises(PoisonRecord, match="session twice"):
        decode_headers([*encode_headers(FRAME), ("session", b"t" * 22)])


def test_headers_of_others_are_left_alone() -> None:
    foreign = [("x-datadog", b"\xff\xfe"), ("x-datadog", b"\x00"), ("uber-trace-id", b"1")]
    assert decode_headers([*foreign, *encode_headers(FRAME)]) == FRAME


@pytest.mark.parametrize("text", [b"00-xyz-1-01", b"", b"00-" + b"0" * 32, TRACE.encode() + b"\n"])
def test_a_trace_that_cannot_be_followed_costs_no_frame(text: bytes) -> None:
    assert decode_headers(changed(traceparent=text)).traceparent is None
    assert decode_headers(changed(traceparent=TRACE.encode())).traceparent == TRACE


def test_too_many_analyses_are_poison() -> None:
    text = ",".join(f"a{n}" for n in range(ANALYSES_MAX))
    assert len(parse_analyses(text)) == ANALYSES_MAX
    with pytest.raises(PoisonRecord):
        parse_analyses(text + ",one_more")


@given(st.lists(requests, max_size=6, unique_by=lambda r: r.name))
def test_analyses_round_trip(analyses: list[AnalysisRequest]) -> None:
    assert parse_analyses(format_analyses(analyses)) == tuple(analyses)


def test_request_for_finds_only_what_is_asked_for() -> None:
    assert FRAME.request_for("emotion") == AnalysisRequest("emotion", 100)
    assert FRAME.request_for("recorder") == AnalysisRequest("recorder")
    assert FRAME.request_for("objects") is None
    assert FRAME.identity == (SESSION, 7)


@pytest.mark.parametrize(
    ("key", "value", "headers", "expected"),
    [
        (None, None, TICK_HEADERS, True),
        (None, None, [("tick", b"")], True),
        (None, None, [], False),
        (b"cam-a", None, TICK_HEADERS, False),
        (None, b"", TICK_HEADERS, False),
        (b"", None, TICK_HEADERS, False),
        (b"cam-a", b"jpeg", [], False),
    ],
)
def test_a_tick_has_no_key_no_value_and_its_header(
    key: bytes | None, value: bytes | None, headers: Headers, expected: bool
) -> None:
    assert is_tick(key, value, headers) is expected
