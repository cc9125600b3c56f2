"""What a store makes of create-only PUTs."""

import time

import pytest

from common.errors import ConfigurationError, Transient
from common.storage.memory import MemoryObjectStore
from common.storage.port import AlreadyExists
from common.storage.probe import PREFIX, ROUNDS, WRITERS, Atomicity, probe_store


def test_an_atomic_store_is_found_to_be_one() -> None:
    store = MemoryObjectStore()
    probe = probe_store(store)
    assert probe.result is Atomicity.ATOMIC
    assert probe.is_atomic
    assert sum(1 for name, _ in store.calls if name == "create") == 2 + ROUNDS * WRITERS


def test_a_store_with_a_gap_between_check_and_write_is_not_atomic() -> None:
    store = MemoryObjectStore(is_atomic=False)
    store.between_check_and_write = lambda _key: time.sleep(0.05)
    probe = probe_store(store)
    assert probe.result is Atomicity.NOT_ATOMIC
    assert not probe.is_atomic


def test_a_store_that_ignores_the_condition_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="If-None-Match"):
        probe_store(MemoryObjectStore(honours_condition=False))


def test_a_store_that_refuses_and_replaces_is_refused() -> None:
    class Liar(MemoryObjectStore):
        def read(self, key: str) -> bytes:
            return b"second"

    with pytest.raises(ConfigurationError, match="If-None-Match"):
        probe_store(Liar())


@pytest.mark.parametrize("honours_condition", [True, False])
def test_nothing_of_the_probe_stays(honours_condition: bool) -> None:
    store = MemoryObjectStore(honours_condition=honours_condition)
    try:
        probe_store(store)
    except ConfigurationError:
        assert not honours_condition
    assert store.objects() == {}
    assert all(key.startswith(PREFIX) for _, key in store.calls)


def test_a_store_that_does_not_answer_is_transient() -> None:
    store = MemoryObjectStore()
    store.fail_next("create", Transient("no answer"))
    with pytest.raises(Transient):
        probe_store(store)


def test_a_store_whose_writers_are_all_turned_away_is_transient() -> None:
    store = MemoryObjectStore()
    probe_store(store)

    class Busy(MemoryObjectStore):
        """As one that answers every concurrent PUT with 409."""

        def create(self, key, body, content_type, metadata=None):  # type: ignore[no-untyped-def]
            if len(body) > 10:
                raise Transient("another write is under way")
            super().create(key, body, content_type, metadata)

    with pytest.raises(Transient, match="none of"):
        probe_store(Busy())


def test_a_probe_object_that_cannot_be_deleted_is_no_reason_not_to_start() -> None:
    store = MemoryObjectStore()
    store.fail_next("delete", Transient("no answer"), ConfigurationError("denied"))
    assert probe_store(store).is_atomic


def test_wrong_credentials_are_a_configuration_error() -> None:
    store = MemoryObjectStore()
    store.fail_next("create", ConfigurationError("denied"))
    with pytest.raises(ConfigurationError, match="denied"):
        probe_store(store)
    store.fail_next("create", AlreadyExists("odd"))
    with pytest.raises(AlreadyExists):
        probe_store(store)
