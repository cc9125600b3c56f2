"""A stored object as a seekable file: a few ranged GETs, nothing on disk."""

import io
from collections import OrderedDict

from typing_extensions import Buffer

from common.storage.port import ObjectStore

BLOCK_BYTES = 1024 * 1024
"""One ranged GET: large enough to hide its latency, small enough not to fetch much beside a stretch of a video."""
HEADER_BLOCK_BYTES = 64 * 1024
"""For who looks at a file's headers alone."""
BLOCKS_KEPT = 8
"""The index of an MP4 lies at one end and its samples elsewhere: a demuxer goes to and fro between a few places."""


class ObjectFile(io.RawIOBase):
    """Read-only; every read is whole, but at the end. One thread.

    `size`: of the object, where it is known; else it is asked for, which raises NotFound. Reading raises Transient when
    the store is out, NotFound when the object has gone, and OSError when it is shorter than `size`.
    """

    def __init__(self, store: ObjectStore, key: str, size: int | None = None, block_bytes: int = BLOCK_BYTES) -> None:
        super().__init__()
        self._store = store
        self._key = key
        self._size = store.head(key).size if size is None else size
        self._block_bytes = block_bytes
        self._at = 0
        self._blocks: OrderedDict[int, bytes] = OrderedDict()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Buffer, /) -> int:
        target = memoryview(buffer).cast("B")
        wanted = min(len(target), self._size - self._at)
        done = 0
        while done < wanted:
            number, start = divmod(self._at, self._block_bytes)
            piece = self._block(number)[start : start + wanted - done]
            target[done : done + len(piece)] = piece
            done += len(piece)
            self._at += len(piece)
        return done

    def _block(self, number: int) -> bytes:
        block = self._blocks.get(number)
        if block is None:
            block = self._fetched(number)
            self._blocks[number] = block
            if len(self._blocks) > BLOCKS_KEPT:
                self._blocks.popitem(last=False)
        else:
            self._blocks.move_to_end(number)
        return block

    def _fetched(self, number: int) -> bytes:
        first = number * self._block_bytes
        last = min(first + self._block_bytes, self._size) - 1
        try:
            block = b"".join(self._store.read_range(self._key, first, last).chunks)
        except ValueError as error:
            raise OSError(f"{self._key} ends before byte {first}") from error
        if len(block) != last - first + 1:
            raise OSError(f"the store returned {len(block)} bytes instead of {last - first + 1}")
        return block
