"""What a camera claims about a frame."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.contracts.frame import CapturedFlag
from common.contracts.identity import is_session, parse_seq
from producer_service.frame_claim import CLAIM_MAX_DISTANCE_US, judge_captured_at, read_claim
from producer_service.refusal import BAD_IDENTITY, Refusal

NOW_US = 1_700_000_000_000_000


@pytest.mark.parametrize(
    ("claim", "flag"),
    [
        (None, CapturedFlag.ABSENT),
        ("", CapturedFlag.ABSURD),
        ("12:30", CapturedFlag.ABSURD),
        ("-1", CapturedFlag.ABSURD),
        ("1700000000.5", CapturedFlag.ABSURD),
        ("\\u0661" * 16, CapturedFlag.ABSURD),
        ("9" * 5000, CapturedFlag.ABSURD),
        (str(NOW_US // 1000), CapturedFlag.ABSURD),
        (str(NOW_US + CLAIM_MAX_DISTANCE_US + 1), CapturedFlag.ABSURD),
        (str(NOW_US - CLAIM_MAX_DISTANCE_US - 1), CapturedFlag.ABSURD),
    ],
)
def test_captured_at_that_cannot_be_is_the_ingest_time_and_flagged(claim: str | None, flag: CapturedFlag) -> None:
    assert judge_captured_at(claim, NOW_US) == (NOW_US, flag)


@pytest.mark.parametrize("distance_us", [0, -CLAIM_MAX_DISTANCE_US, CLAIM_MAX_DISTANCE_US])
def test_captured_at_within_a_day_is_taken(distance_us: int) -> None:
    assert judge_captured_at(str(NOW_US + distance_us), NOW_US) == (NOW_US + distance_us, None)


@given(session=st.none() | st.text(), seq=st.none() | st.text())
def test_identity_is_both_or_none_or_refused(session: str | None, seq: str | None) -> None:
    sent = {"X-Lookout-Session": session, "X-Lookout-Seq": seq}
    headers = {name: value for name, value in sent.items() if value is not None}
    is_right = (session is None and seq is None) or (
        session is not None and is_session(session) and seq is not None and parse_seq(seq) is not None
    )
    if not is_right:
        with pytest.raises(Refusal) as refused:
            read_claim(headers)
        assert refused.value.kind is BAD_IDENTITY
        return
    expected = None if session is None or seq is None else (session, int(seq))
    assert read_claim(headers).identity == expected
