"""A stored object as a seekable file, so that a part job reads its own stretch and not the whole video."""

import io
from collections import OrderedDict

from typing_extensions import Buffer

from common.storage.port import ObjectStore

BLOCK_BYTES = 1024 * 1024
"""One ranged GET: large enough to hide its latency, small enough not to fetch much beside a stretch."""
BLOCKS_KEPT = 8
"""The index of an MP4 lies at one end and its samples elsewhere: a demuxer goes to and fro between a few places."""


class ObjectFile(io.RawIOBase):
    """Read-only. Raises NotFound on opening; Transient out of `readinto` when the store is out. One thread."""

    def __init__(self, store: ObjectStore, key: str) -> None:
        super().__init__()
        self._store = store
        self._key = key
        self._size = store.head(key).size
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
            number, start = divmod(self._at, BLOCK_BYTES)
            piece = self._block(number)[start : start + wanted - done]
            target[done : done + len(piece)] = piece
            done += len(piece)
            self._at += len(piece)
        return max(0, done)

    def _block(self, number: int) -> bytes:
        block = self._blocks.get(number)
        if block is None:
            first = number * BLOCK_BYTES
            last = min(first + BLOCK_BYTES, self._size) - 1
            block = b"".join(self._store.read_range(self._key, first, last).chunks)
            if len(block) != last - first + 1:
                raise OSError(f"the store returned {len(block)} bytes instead of {last - first + 1}")
            self._blocks[number] = block
            if len(self._blocks) > BLOCKS_KEPT:
                self._blocks.popitem(last=False)
        else:
            self._blocks.move_to_end(number)
        return block
