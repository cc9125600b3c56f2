"""A video joined of stored clips that is a file nowhere: an index in memory, and ranges of the clips behind it."""

import bisect
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from common.errors import Transient
from common.storage.port import NotFound, ObjectStore, RangeBody

CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes [start, start + size) of an object that has `total` bytes."""

    key: str
    start: int
    size: int
    total: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Nothing was recorded between these pictures (wall time)."""

    from_us: int
    to_us: int


@dataclass(frozen=True, slots=True)
class JoinedVideo:
    """What a join is. `t0_us`, `end_us`: wall time of its first and last picture; `tag`: the same for the same
    bytes."""

    index: bytes
    pieces: tuple[Piece, ...]
    tag: str
    t0_us: int
    end_us: int
    duration_ms: int
    frames: int
    width: int
    height: int
    gaps: tuple[Gap, ...]

    @property
    def size(self) -> int:
        return len(self.index) + sum(piece.size for piece in self.pieces)


class JoinedReader:
    """Reads a joined video as if it were one object. Safe on any thread; each reading on one."""

    def __init__(self, store: ObjectStore, video: JoinedVideo) -> None:
        self._store = store
        self._video = video
        sizes = (len(video.index), *(piece.size for piece in video.pieces))
        self._starts = [0, *itertools.accumulate(sizes)]

    def read_range(self, start: int, end: int) -> RangeBody:
        """Bytes [start, end], inclusive. The first of them is asked for at once: raises NotFound when its clip was
        deleted meanwhile, and Transient. A clip that goes later cuts the body: what is sent is visibly not whole."""
        parts = self._parts(start, end)
        chunks = self._chunks(parts)
        first = next(chunks)
        return RangeBody(start, end, self._video.size, _Rest(first, chunks))

    def _parts(self, start: int, end: int) -> Iterator[tuple[Piece | None, int, int]]:
        """(piece, first, last) byte by byte numbers within the piece; None: the index."""
        n = bisect.bisect_right(self._starts, start) - 1
        while n < len(self._starts) - 1 and self._starts[n] <= end:
            first = max(start, self._starts[n]) - self._starts[n]
            last = min(end + 1, self._starts[n + 1]) - self._starts[n] - 1
            yield self._video.pieces[n - 1] if n else None, first, last
            n += 1

    def _chunks(self, parts: Iterator[tuple[Piece | None, int, int]]) -> Iterator[bytes]:
        for piece, first, last in parts:
            if piece is None:
                for at in range(first, last + 1, CHUNK_BYTES):
                    yield self._video.index[at : min(last + 1, at + CHUNK_BYTES)]
                continue
            yield from self._piece(piece, first, last)

    def _piece(self, piece: Piece, first: int, last: int) -> Iterator[bytes]:
        try:
            body = self._store.read_range(piece.key, piece.start + first, piece.start + last)
        except ValueError as error:
            raise NotFound(piece.key) from error
        try:
            if body.total != piece.total:
                raise NotFound(piece.key)  # a tombstone lies where the clip was
            sent = 0
            for chunk in body.chunks:
                sent += len(chunk)
                yield chunk
            if sent != last - first + 1:
                raise Transient(f"{piece.key} ended early")
        finally:
            body.close()


class _Rest(Iterator[bytes]):
    """The first chunk, and those behind it."""

    def __init__(self, first: bytes, behind: Iterator[bytes]) -> None:
        self._first: bytes | None = first
        self._behind = behind

    def __next__(self) -> bytes:
        if self._first is not None:
            first, self._first = self._first, None
            return first
        return next(self._behind)

    def close(self) -> None:
        close = getattr(self._behind, "close", None)
        if close is not None:
            close()


def total_index_bytes(videos: Sequence[JoinedVideo]) -> int:
    """What they take in memory."""
    return sum(len(video.index) for video in videos)
