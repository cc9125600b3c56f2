"""A stored object as a file that can be read anywhere: a few ranged GETs, nothing on disk."""

import io

from common.storage.port import ObjectStore

BUFFER_BYTES = 64 * 1024


class _Ranges(io.RawIOBase):
    """Every read is a GET of a range. One thread."""

    def __init__(self, store: ObjectStore, key: str, size: int) -> None:
        self._store = store
        self._key = key
        self._size = size
        self._at = 0

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

    def readinto(self, target: memoryview) -> int:  # type: ignore[override]
        wanted = min(len(target), self._size - self._at)
        if wanted <= 0:
            return 0
        data = b"".join(self._store.read_range(self._key, self._at, self._at + wanted - 1).chunks)
        target[: len(data)] = data
        self._at += len(data)
        return len(data)


def open_stored(store: ObjectStore, key: str, size: int) -> io.BufferedReader:
    """Reading raises NotFound, Transient, and ValueError when the object is shorter."""
    return io.BufferedReader(_Ranges(store, key, size), BUFFER_BYTES)
