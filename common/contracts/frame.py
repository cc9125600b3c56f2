"""The frame record of topic `frames`: what its headers say. The value is the JPEG exactly as received."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from common.contracts.identity import is_analysis_name, is_session, parse_seq
from common.errors import PoisonRecord

FRAME_VERSION = 1
CLIP_MS_MIN = 2_000
CLIP_MS_MAX = 300_000
EVERY_MS_MAX = 60_000
PICTURE_SIDE_MAX = 65_535
TIME_MAX_US = 253_402_300_799_999_999
"""The last microsecond of the year 9999: what lies beyond is no date, and dates are what keys are made of."""
ANALYSES_MAX = 32
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_KNOWN = frozenset(
    {
        "v",
        "session",
        "seq",
        "captured_at",
        "ingested_at",
        "size",
        "settings",
        "analyses",
        "clip_ms",
        "policy",
        "captured_flag",
        "traceparent",
    }
)

Headers = Sequence[tuple[str, bytes]]


class Policy(StrEnum):
    """What a camera wants when consumers cannot keep up."""

    EVERY_FRAME = "every-frame"
    LIVE = "live"


class CapturedFlag(StrEnum):
    """Why `captured_at_us` is the ingest time and not the camera's claim."""

    ABSENT = "absent"
    ABSURD = "absurd"


@dataclass(frozen=True, slots=True)
class AnalysisRequest:
    """One analysis a frame may undergo. `every_ms`: search interval in log time; None: it has none (recorder)."""

    name: str
    every_ms: int | None = None


@dataclass(frozen=True, slots=True)
class FrameHeaders:
    """Everything a consumer must know of a frame before it decodes it. Times are µs since the epoch, sizes pixels."""

    session: str
    seq: int
    captured_at_us: int
    ingested_at_us: int
    width: int
    height: int
    settings_version: int
    analyses: tuple[AnalysisRequest, ...]
    clip_ms: int
    policy: Policy = Policy.EVERY_FRAME
    captured_flag: CapturedFlag | None = None
    traceparent: str | None = None

    @property
    def identity(self) -> tuple[str, int]:
        """(session, seq): the camera's own name of this frame; a retry repeats it."""
        return self.session, self.seq

    def request_for(self, analysis: str) -> AnalysisRequest | None:
        """What the frame says about `analysis`, or None if that analysis must not see it."""
        return next((request for request in self.analyses if request.name == analysis), None)


def format_analyses(analyses: Iterable[AnalysisRequest]) -> str:
    """`emotion;every=100,license_plate;every=500,recorder`"""
    return ",".join(a.name if a.every_ms is None else f"{a.name};every={a.every_ms}" for a in analyses)


def encode_headers(frame: FrameHeaders) -> list[tuple[str, bytes]]:
    """Kafka headers of a frame record, in a fixed order."""
    fields = [
        ("v", str(FRAME_VERSION)),
        ("session", frame.session),
        ("seq", str(frame.seq)),
        ("captured_at", str(frame.captured_at_us)),
        ("ingested_at", str(frame.ingested_at_us)),
        ("size", f"{frame.width}x{frame.height}"),
        ("settings", str(frame.settings_version)),
        ("analyses", format_analyses(frame.analyses)),
        ("clip_ms", str(frame.clip_ms)),
        ("policy", frame.policy.value),
    ]
    if frame.captured_flag is not None:
        fields.append(("captured_flag", frame.captured_flag.value))
    if frame.traceparent is not None:
        fields.append(("traceparent", frame.traceparent))
    return [(name, value.encode()) for name, value in fields]


TICK_HEADERS: list[tuple[str, bytes]] = [("tick", b"1")]


def is_tick(key: bytes | None, value: bytes | None, headers: Headers) -> bool:
    """A tick has a null key, no value and the header `tick`: it only carries the broker's time (DESIGN 5, rule 4)."""
    return key is None and value is None and any(name == "tick" for name, _ in headers)


def decode_headers(headers: Headers) -> FrameHeaders:
    """Read the headers of a frame record. Raises PoisonRecord('bad_headers') naming the first field that is wrong.

    Headers that are not ours are left alone: tracing tools add some. What a camera sends with every frame is parsed
    once: this runs for each frame in the thread that all frames pass through.
    """
    fields: dict[str, bytes] = {}
    for name, raw in headers:
        if name in _KNOWN:
            if name in fields:
                raise PoisonRecord("bad_headers", f"{name} twice")
            fields[name] = raw
    same = _decode_same(
        fields.get("v", b""),
        fields.get("session", b""),
        fields.get("size", b""),
        fields.get("policy", b""),
        fields.get("captured_flag"),
        fields.get("settings", b""),
        fields.get("analyses", b""),
        fields.get("clip_ms", b""),
    )
    seq = parse_seq(_ascii("seq", fields.get("seq", b"")))
    if seq is None:
        raise PoisonRecord("bad_headers", "seq")
    traceparent = fields.get("traceparent")
    return FrameHeaders(
        session=same.session,
        seq=seq,
        captured_at_us=_integer("captured_at", _ascii("captured_at", fields.get("captured_at", b"")), 0, TIME_MAX_US),
        ingested_at_us=_integer("ingested_at", _ascii("ingested_at", fields.get("ingested_at", b"")), 0, TIME_MAX_US),
        width=same.width,
        height=same.height,
        settings_version=same.settings_version,
        analyses=same.analyses,
        clip_ms=same.clip_ms,
        policy=same.policy,
        captured_flag=same.captured_flag,
        traceparent=None if traceparent is None else _traceparent(_ascii("traceparent", traceparent)),
    )


@dataclass(frozen=True, slots=True)
class _Same:
    """What a camera's frames have in common until its settings change."""

    session: str
    width: int
    height: int
    settings_version: int
    analyses: tuple[AnalysisRequest, ...]
    clip_ms: int
    policy: Policy
    captured_flag: CapturedFlag | None


@lru_cache(maxsize=1024)
def _decode_same(
    v: bytes,
    session: bytes,
    size: bytes,
    policy: bytes,
    captured_flag: bytes | None,
    settings: bytes,
    analyses: bytes,
    clip_ms: bytes,
) -> _Same:
    version = _integer("v", _ascii("v", v), 0, 1_000)
    if version != FRAME_VERSION:
        raise PoisonRecord("bad_headers", f"version {version} is not known here")
    session_text = _ascii("session", session)
    if not is_session(session_text):
        raise PoisonRecord("bad_headers", "session")
    width, height = _size(_ascii("size", size))
    try:
        wanted = Policy(_ascii("policy", policy))
        flag = None if captured_flag is None else CapturedFlag(_ascii("captured_flag", captured_flag))
    except ValueError as error:
        raise PoisonRecord("bad_headers", str(error)) from error
    return _Same(
        session=session_text,
        width=width,
        height=height,
        settings_version=_integer("settings", _ascii("settings", settings), 0, 2**62),
        analyses=parse_analyses(_ascii("analyses", analyses)),
        clip_ms=_integer("clip_ms", _ascii("clip_ms", clip_ms), CLIP_MS_MIN, CLIP_MS_MAX),
        policy=wanted,
        captured_flag=flag,
    )


def _ascii(name: str, raw: bytes) -> str:
    try:
        return raw.decode("ascii")
    except (UnicodeDecodeError, AttributeError) as error:
        raise PoisonRecord("bad_headers", name) from error


def parse_analyses(text: str) -> tuple[AnalysisRequest, ...]:
    """The inverse of `format_analyses`. Raises PoisonRecord('bad_headers')."""
    requests: list[AnalysisRequest] = []
    for part in text.split(",") if text else []:
        name, semicolon, option = part.partition(";")
        if not is_analysis_name(name) or any(name == known.name for known in requests) or len(requests) == ANALYSES_MAX:
            raise PoisonRecord("bad_headers", "analyses")
        every_ms = None
        if semicolon:
            key, _, value = option.partition("=")
            if key != "every":
                raise PoisonRecord("bad_headers", "analyses")
            every_ms = _integer(key, value, 1, EVERY_MS_MAX)
        requests.append(AnalysisRequest(name, every_ms))
    return tuple(requests)


def _integer(name: str, text: str, least: int, most: int) -> int:
    """`text` is ASCII."""
    if text.isdigit() and len(text) <= 19:
        value = int(text)
        if least <= value <= most:
            return value
    raise PoisonRecord("bad_headers", name)


def _traceparent(text: str) -> str | None:
    """W3C Trace Context, 3.2. A trace that cannot be followed is no reason to lose a frame."""
    return text if _TRACEPARENT.fullmatch(text) else None


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return (
        _integer("size", width, 1, PICTURE_SIDE_MAX),
        _integer("size", height, 1, PICTURE_SIDE_MAX),
    )
