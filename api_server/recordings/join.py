"""What a camera recorded from one moment to another, as one video: planned from the clips' tables, copied nowhere."""

import hashlib
import itertools
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from api_server.clips.records import ClipRecord
from api_server.recordings.container import MOVIE_MAX_BYTES
from api_server.recordings.footage import Footage
from api_server.recordings.joined_movie import Chunk, make_index
from api_server.recordings.joined_video import Gap, JoinedVideo, Piece, total_index_bytes
from api_server.recordings.movie import Movie, NotJoinable, read_movie
from api_server.recordings.spans import BREAK_US
from common.clock import Clock
from common.deadline import Deadline
from common.storage.port import NotFound, ObjectStore

CLIPS_MAX = 2_000
AT_ONCE = 2
"""Joins that are planned at once: each reads the tables of all its clips."""
TURN_S = 5.0
PLAN_S = 25.0
HEAD_BYTES = 32 * 1024
"""The tables of a minute at 30 frames/s; of longer clips the rest is read too."""
KEPT_BYTES = 64 * 1024 * 1024
"""Of plans that are remembered: a player asks for a video in many pieces."""


class JoinRefused(Exception):
    """`status` and `code` for programs, the text a sentence."""

    def __init__(self, status: int, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.code = code


class JoinBusy(Exception):
    """Too many at once, or the store is slow: to be tried again."""


@dataclass(frozen=True, slots=True)
class JoinLimits:
    """Of one joined video: how long, and how many bytes of clips."""

    span_ms: int
    file_bytes: int


@dataclass(frozen=True, slots=True)
class _Part:
    """A clip with the pictures [first, end) of it that are taken; those before `shown` only lead a decoder in."""

    clip: ClipRecord
    movie: Movie
    first: int
    shown: int
    end: int

    def wall_ms(self, n: int) -> int:
        return self.clip.t0_us // 1000 + self.movie.times_ms[n]


class SpanJoiner:
    """Safe on any thread. What was deleted or has expired is in no plan: every asking looks at the index anew, and a
    plan is remembered by the clips that are in it."""

    def __init__(self, footage: Footage, store: ObjectStore, limits: JoinLimits, clock: Clock) -> None:
        self._footage = footage
        self._store = store
        self._limits = limits
        self._clock = clock
        self._places = threading.BoundedSemaphore(AT_ONCE)
        self._lock = threading.Lock()  # guards the plans
        self._plans: OrderedDict[str, JoinedVideo] = OrderedDict()

    def join(self, camera_id: str, from_us: int, to_us: int) -> JoinedVideo:
        """The pictures of [from_us, to_us). Raises JoinRefused, JoinBusy, Transient."""
        if to_us - from_us > self._limits.span_ms * 1000:
            hours = self._limits.span_ms / 3_600_000
            raise JoinRefused(422, "too_long", f"Ask for at most {hours:g} hours in one video.")
        clips = self._footage.between({camera_id}, from_us, to_us, CLIPS_MAX + 1)
        if len(clips) > CLIPS_MAX:
            raise JoinRefused(422, "too_long", f"That time has more than {CLIPS_MAX:,} clips. Ask for less.")
        if sum(clip.video_bytes for clip in clips) > self._limits.file_bytes:
            limit_mb = self._limits.file_bytes // 1_000_000
            raise JoinRefused(413, "too_large", f"That time has more than {limit_mb:,} MB. Ask for less.")
        tag = _tag(clips, from_us, to_us)
        known = self._known(tag)
        if known is not None:
            return known
        if not self._places.acquire(timeout=TURN_S):
            raise JoinBusy
        try:
            known = self._known(tag)
            return known if known is not None else self._planned(tag, clips, from_us, to_us)
        finally:
            self._places.release()

    def _planned(self, tag: str, clips: Sequence[ClipRecord], from_us: int, to_us: int) -> JoinedVideo:
        deadline = Deadline(PLAN_S, self._clock)
        parts: list[_Part] = []
        gone = False
        for clip in sorted(clips, key=lambda one: (one.t0_us, one.id)):
            if deadline.is_over:
                raise JoinBusy
            movie = self._movie(clip)
            gone = gone or movie is None
            part = _part(clip, movie, from_us, to_us) if movie is not None else None
            if part is not None:
                parts.append(part)
        if not parts:
            raise JoinRefused(422, "nothing_recorded", "Nothing was recorded by this camera in that time.")
        _require_one_format(parts)
        video = _video(parts, tag if not gone else _tag([part.clip for part in parts], from_us, to_us))
        if not gone:
            self._remember(video)
        return video

    def _movie(self, clip: ClipRecord) -> Movie | None:
        """None: it was deleted, and the index is about to learn of it. Raises JoinRefused."""
        try:
            moov = self._tables(clip)
            return read_movie(moov) if moov is not None else None
        except NotFound:
            return None
        except ValueError as error:
            at = _words(clip.first_captured_us)
            raise JoinRefused(422, "not_joinable", f"The clip of {at} cannot be joined: {error}.") from error

    def _tables(self, clip: ClipRecord) -> bytes | None:
        """The content of the clip's `moov`, which stands before its pictures."""
        key = clip.clip_id.video_key
        head, total = self._bytes(key, 0, HEAD_BYTES - 1)
        if total != clip.video_bytes:
            return None
        at = 0
        while at + 8 <= len(head):
            size, kind = int.from_bytes(head[at : at + 4], "big"), head[at + 4 : at + 8]
            if size < 8 or (kind == b"moov" and size > MOVIE_MAX_BYTES):
                break
            if kind == b"moov":
                rest = b""
                if at + size > len(head):
                    rest = self._bytes(key, len(head), at + size - 1)[0]
                return (head + rest)[at + 8 : at + size]
            at += size
        raise NotJoinable("its tables are not at its beginning")

    def _bytes(self, key: str, start: int, end: int) -> tuple[bytes, int]:
        body = self._store.read_range(key, start, end)
        return b"".join(body.chunks), body.total

    def _known(self, tag: str) -> JoinedVideo | None:
        with self._lock:
            video = self._plans.get(tag)
            if video is not None:
                self._plans.move_to_end(tag)
            return video

    def _remember(self, video: JoinedVideo) -> None:
        with self._lock:
            self._plans[video.tag] = video
            while len(self._plans) > 1 and total_index_bytes(list(self._plans.values())) > KEPT_BYTES:
                self._plans.popitem(last=False)


def _tag(clips: Sequence[ClipRecord], from_us: int, to_us: int) -> str:
    said = [f"join-v1 {from_us} {to_us}", *sorted(f"{clip.id} {clip.video_bytes}" for clip in clips)]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:32]


def _part(clip: ClipRecord, movie: Movie, from_us: int, to_us: int) -> _Part | None:
    """What of a clip lies in [from_us, to_us), from the key frame before it on; None: nothing."""
    inside = [n for n, ms in enumerate(movie.times_ms) if from_us <= clip.t0_us + ms * 1000 < to_us]
    if not inside:
        return None
    key = max(n for n in movie.keys if n <= inside[0])
    return _Part(clip, movie, key, inside[0], inside[-1] + 1)


def _require_one_format(parts: Sequence[_Part]) -> None:
    """Raises JoinRefused: a file whose pictures change their size or encoding in the middle is a broken one."""
    for before, after in itertools.pairwise(parts):
        if before.movie.format != after.movie.format:
            at = _words(after.clip.t0_us)
            sizes = [f"{part.movie.format.width}x{part.movie.format.height}" for part in (before, after)]
            how = f"from {sizes[0]} to {sizes[1]}" if sizes[0] != sizes[1] else "its encoding"
            raise JoinRefused(
                422, "format_changes", f"The picture changes {how} at {at}. Ask for the time before it, or after it."
            )


def _video(parts: Sequence[_Part], tag: str) -> JoinedVideo:
    begin_ms = parts[0].wall_ms(parts[0].first)
    chunks: list[Chunk] = []
    pieces: list[Piece] = []
    gaps: list[Gap] = []
    at_ms = -1
    for n, part in enumerate(parts):
        movie = part.movie
        real = [part.wall_ms(sample) - begin_ms for sample in range(part.first, part.end)]
        # Clips overlap where their length was changed: the second then follows the first as closely as it can.
        late_ms = max(0, at_ms + 1 - real[0])
        if n and (real[0] - at_ms) * 1000 > BREAK_US:
            gaps.append(Gap((begin_ms + at_ms) * 1000, (begin_ms + real[0]) * 1000))
        times = [time_ms + late_ms for time_ms in real]
        at_ms = times[-1]
        sizes = movie.sizes[part.first : part.end]
        keys = [key - part.first for key in movie.keys if part.first <= key < part.end]
        chunks.append(Chunk(times, sizes, keys, sum(sizes)))
        start = movie.data_at + sum(movie.sizes[: part.first])
        pieces.append(Piece(part.clip.clip_id.video_key, start, sum(sizes), part.clip.video_bytes))
    first, last = parts[0], parts[-1]
    t0_us, lead_ms = first.wall_ms(first.shown) * 1000, first.wall_ms(first.shown) - begin_ms
    form = first.movie.format
    return JoinedVideo(
        index=make_index(chunks, form, last.movie.last_ms, lead_ms, t0_us),
        pieces=tuple(pieces),
        tag=tag,
        t0_us=t0_us,
        end_us=(begin_ms + at_ms) * 1000,
        duration_ms=at_ms - lead_ms + last.movie.last_ms,
        frames=sum(part.end - part.first for part in parts) - (first.shown - first.first),
        width=form.width,
        height=form.height,
        gaps=tuple(gaps),
    )


def _words(at_us: int) -> str:
    return f"{datetime.fromtimestamp(at_us / 1_000_000, UTC):%Y-%m-%d %H:%M:%S} UTC"
