"""What only the fake can do: faults, and stores that are not atomic."""

from pathlib import Path

import pytest

from common.clock import FakeClock
from common.errors import Transient
from common.storage.memory import MemoryObjectStore
from common.storage.port import NotFound


def test_a_fault_is_raised_once_and_changes_nothing() -> None:
    store = MemoryObjectStore()
    store.fail_next("create", Transient("one"), Transient("two"))
    for words in ("one", "two"):
        with pytest.raises(Transient, match=words):
            store.create("k", b"1", "text/plain")
    with pytest.raises(NotFound):
        store.head("k")
    store.create("k", b"1", "text/plain")


@pytest.mark.parametrize("operation", ["create", "replace", "delete"])
def test_an_answer_can_get_lost_after_the_change(operation: str) -> None:
    store = MemoryObjectStore()
    if operation == "delete":
        store.create("k", b"1", "text/plain")
    store.fail_next(operation, Transient("lost"), applied=True)
    with pytest.raises(Transient, match="lost"):
        getattr(store, operation)(*(("k",) if operation == "delete" else ("k", b"1", "text/plain")))
    assert ("k" in store.objects()) == (operation != "delete")


@pytest.mark.parametrize("operation", ["head", "read", "read_range", "list"])
def test_reads_can_fail_too(operation: str) -> None:
    store = MemoryObjectStore()
    store.create("k", b"123", "text/plain")
    store.fail_next(operation, Transient("no answer"))
    arguments = ("k", 0) if operation == "read_range" else ("k",)
    with pytest.raises(Transient):
        list(getattr(store, operation)(*arguments))


def test_two_writers_within_the_gap_both_create_and_the_later_stays() -> None:
    store = MemoryObjectStore(is_atomic=False)

    def other_writer(key: str) -> None:
        store.between_check_and_write = lambda _key: None
        store.create(key, b"theirs", "text/plain")

    store.between_check_and_write = other_writer
    store.create("k", b"ours", "text/plain")
    assert store.read("k") == b"ours"


def test_time_and_calls_can_be_asserted_on(tmp_path: Path) -> None:
    store = MemoryObjectStore(FakeClock(wall_us=5_000_000))
    file = tmp_path / "clip"
    file.write_bytes(b"123")
    store.create("k", file, "video/mp4", {"A": "b"})
    assert store.head("k").modified_us == 5_000_000
    assert store.calls == [("create", "k"), ("head", "k")]
    assert store.objects()["k"].data == b"123"


def test_metadata_can_be_dropped_as_by_a_restored_backup() -> None:
    store = MemoryObjectStore()
    store.create("k", b"1", "video/mp4", {"a": "b"})
    store.drop_metadata("k")
    assert dict(store.head("k").metadata) == {}
    assert store.head("k").content_type == "video/mp4"


def test_without_a_public_address_there_is_no_link() -> None:
    assert MemoryObjectStore().presign("k", 60) is None
