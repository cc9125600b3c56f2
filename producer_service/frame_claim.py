"""What a camera says about a frame in its request headers, checked before the picture is looked at."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from common.contracts.frame import CapturedFlag
from common.contracts.identity import SEQ_MAX, is_session, parse_seq
from producer_service.refusal import BAD_IDENTITY, Refusal

SESSION_HEADER = "X-Lookout-Session"
SEQ_HEADER = "X-Lookout-Seq"
CAPTURED_AT_HEADER = "X-Lookout-Captured-At"
TRACEPARENT_HEADER = "traceparent"
CLAIM_MAX_DISTANCE_US = 24 * 3600 * 1_000_000
"""A capture time further than this from the ingest time is a broken clock."""

# W3C Trace Context, section 3.2: version ff, an all-zero trace id and an all-zero parent id are invalid.
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_MICROSECONDS = re.compile(r"[0-9]{1,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class FrameClaim:
    """`identity`: the camera's own (session, seq), None when it sent neither. `captured_at`: its claim, unchecked."""

    identity: tuple[str, int] | None
    captured_at: str | None
    traceparent: str | None


def read_claim(headers: Mapping[str, str]) -> FrameClaim:
    """Read the request headers. Raises Refusal(BAD_IDENTITY) when session and seq are not both right or both absent."""
    traceparent = headers.get(TRACEPARENT_HEADER)
    if traceparent is not None and _TRACEPARENT.fullmatch(traceparent) is None:
        traceparent = None
    return FrameClaim(_read_identity(headers), headers.get(CAPTURED_AT_HEADER), traceparent)


def _read_identity(headers: Mapping[str, str]) -> tuple[str, int] | None:
    session, seq_text = headers.get(SESSION_HEADER), headers.get(SEQ_HEADER)
    if session is None and seq_text is None:
        return None
    if session is None or seq_text is None:
        raise Refusal(BAD_IDENTITY, f"Send both {SESSION_HEADER} and {SEQ_HEADER}, or neither.")
    if not is_session(session):
        raise Refusal(BAD_IDENTITY, f"{SESSION_HEADER} must be 16 to 64 characters of A-Z, a-z, 0-9, '_' and '-'.")
    seq = parse_seq(seq_text)
    if seq is None:
        raise Refusal(BAD_IDENTITY, f"{SEQ_HEADER} must be a whole number of 0 to {SEQ_MAX}.")
    return session, seq


def judge_captured_at(claim: str | None, ingested_at_us: int) -> tuple[int, CapturedFlag | None]:
    """The capture time in µs since the epoch: the claim, or the ingest time and why it stands in (DESIGN 4)."""
    if claim is None:
        return ingested_at_us, CapturedFlag.ABSENT
    if _MICROSECONDS.fullmatch(claim) is None or abs(int(claim) - ingested_at_us) > CLAIM_MAX_DISTANCE_US:
        return ingested_at_us, CapturedFlag.ABSURD
    return int(claim), None
