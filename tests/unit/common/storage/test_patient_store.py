"""Single calls of a store are tried again for a moment, and no longer."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from common.clock import FakeClock
from common.errors import Transient
from common.storage.memory import MemoryObjectStore
from common.storage.patient import PATIENCE_S, PatientStore
from common.storage.port import AlreadyExists, NotFound


class Refusing:
    """Every call fails `times` times before it works; `after` fails once its work is done."""

    def __init__(self, times: int, is_after: bool = False) -> None:
        self.inner = MemoryObjectStore()
        self.times = self.left = times
        self.is_after = is_after
        self.calls = 0

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            self.calls += 1
            self.left -= 1
            if self.left >= 0 and not self.is_after:
                raise Transient("slow down")
            result = getattr(self.inner, name)(*arguments)
            if self.left >= 0:
                raise Transient("no answer")
            self.left = self.times
            return result

        return call


def make(times: int, is_after: bool = False) -> tuple[PatientStore, Refusing]:
    inner: Any = Refusing(times, is_after)
    return PatientStore(inner, FakeClock()), inner


def test_every_call_is_tried_again() -> None:
    store, inner = make(3)
    store.create("a", b"one", "text/plain", {"k": "v"})
    store.replace("b", b"two", "text/plain")
    assert store.head("a").metadata == {"k": "v"}
    assert store.read("b") == b"two"
    assert b"".join(store.read_range("a", 1).chunks) == b"ne"
    assert [info.key for info in store.list("")] == ["a", "b"]
    store.delete("b")
    assert [info.key for info in store.list("")] == ["a"]
    assert inner.calls == 4 * 8


def test_what_is_no_outage_is_said_at_once() -> None:
    store, inner = make(0)
    with pytest.raises(NotFound):
        store.read("nothing")
    store.create("a", b"", "text/plain")
    with pytest.raises(AlreadyExists):
        store.create("a", b"", "text/plain")
    assert inner.calls == 3


def test_create_whose_answer_was_lost_finds_its_own_object() -> None:
    store, inner = make(1, is_after=True)
    with pytest.raises(AlreadyExists):
        store.create("a", b"one", "text/plain")
    assert inner.inner.read("a") == b"one"


def test_an_outage_is_handed_on_soon() -> None:
    clock = FakeClock()
    inner: Any = Refusing(1_000)
    with pytest.raises(Transient):
        PatientStore(inner, clock).read("a")
    assert 3 <= inner.calls <= 30
    assert clock.monotonic_s() <= PATIENCE_S


def test_a_call_that_timed_out_is_not_repeated() -> None:
    clock = FakeClock()

    class Slow(MemoryObjectStore):
        reads = 0

        def read(self, key: str) -> bytes:
            Slow.reads += 1
            clock.advance(30)
            raise Transient("no answer in 30 s")

    with pytest.raises(Transient):
        PatientStore(Slow(), clock).read("a")
    assert Slow.reads == 1


def test_list_that_fails_behind_its_first_page_is_handed_on() -> None:
    class Torn(MemoryObjectStore):
        def list(self, prefix: str) -> Iterator[Any]:
            yield from super().list(prefix)
            raise Transient("the second page")

    inner = Torn()
    inner.create("a", b"", "text/plain")
    found = PatientStore(inner, FakeClock()).list("")
    assert next(found).key == "a"
    with pytest.raises(Transient):
        next(found)
