"""A stored object read as a file."""

import io

import pytest

from common.errors import Transient
from common.storage.memory import MemoryObjectStore
from common.storage.object_file import BLOCKS_KEPT, ObjectFile
from common.storage.port import NotFound, RangeBody

DATA = bytes(range(256)) * 4
BLOCK = 100


class CountedStore(MemoryObjectStore):
    def __init__(self) -> None:
        super().__init__()
        self.ranges: list[tuple[int, int | None]] = []
        self.create("a/b", DATA, "video/mp4")

    def read_range(self, key: str, start: int, end: int | None = None) -> RangeBody:
        self.ranges.append((start, end))
        return super().read_range(key, start, end)


def opened(store: CountedStore, size: int | None = None) -> ObjectFile:
    return ObjectFile(store, "a/b", size, block_bytes=BLOCK)


@pytest.mark.parametrize("known", [None, len(DATA)])
def test_read_seek_and_tell_are_a_files(known: int | None) -> None:
    ours, real = opened(CountedStore(), known), io.BytesIO(DATA)
    assert ours.readable()
    assert ours.seekable()
    for offset, whence, count in ((0, 0, 7), (5, 1, 300), (-40, 2, 100), (99, 0, 2), (2_000, 0, 5), (0, 0, 0)):
        assert ours.seek(offset, whence) == real.seek(offset, whence)
        assert ours.read(count) == real.read(count)
        assert ours.tell() == real.tell()
    ours.seek(0)
    assert ours.read() == DATA


def test_block_is_fetched_once_and_the_last_ends_with_the_object() -> None:
    store = CountedStore()
    file = opened(store, len(DATA))
    assert file.read(10) + file.read(60) == DATA[:70]
    file.seek(-1, io.SEEK_END)
    assert file.read(50) == DATA[-1:]
    assert store.ranges == [(0, 99), (1000, 1023)]


def test_blocks_that_are_kept_are_few_and_the_least_used_goes() -> None:
    store = CountedStore()
    file = opened(store)
    for number in (*range(BLOCKS_KEPT), 0, BLOCKS_KEPT, 0, 1):
        file.seek(number * BLOCK)
        file.read(1)
    assert [start // BLOCK for start, _ in store.ranges] == [*range(BLOCKS_KEPT), BLOCKS_KEPT, 1]


def test_object_that_is_not_there_or_shorter_or_a_store_that_is_out() -> None:
    store = CountedStore()
    with pytest.raises(NotFound):
        ObjectFile(store, "a/none")
    short = opened(store, len(DATA) + 500)
    short.seek(len(DATA) - 4)
    with pytest.raises(OSError, match="instead of"):
        short.read(50)
    short.seek(len(DATA) + 200)
    with pytest.raises(OSError, match="ends before"):
        short.read(1)
    file = opened(store)
    store.delete("a/b")
    with pytest.raises(NotFound):
        file.read(1)


def test_store_that_is_out_is_told() -> None:
    store = CountedStore()
    file = opened(store, len(DATA))
    store.fail_next("read_range", Transient("out"))
    with pytest.raises(Transient):
        file.read(1)
    assert file.read(1) == DATA[:1]
