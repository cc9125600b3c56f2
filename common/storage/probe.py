"""What a store makes of create-only PUTs, found out at start (DESIGN 5, rule 17)."""

import contextlib
import logging
import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum

from common.errors import ConfigurationError, LookoutError, Transient
from common.storage.port import AlreadyExists, ObjectStore

PREFIX = "probe/"
WRITERS = 8
ROUNDS = 8
"""Measured: a store with a gap between check and write (s3proxy 2.9) shows it in 10 to 50 % of single rounds."""
BODY_BYTES = 256 * 1024
"""A body that takes a moment to write widens the gap."""
CONTENT_TYPE = "application/octet-stream"

_log = logging.getLogger(__name__)


class Atomicity(StrEnum):
    """`atomic`: of concurrent writers one creates. `not_atomic`: several believe they did; a read settles it.
    `ignores_condition`: even the second of two writers in a row replaces; such a store cannot be used."""

    ATOMIC = "atomic"
    NOT_ATOMIC = "not_atomic"
    IGNORES_CONDITION = "ignores_condition"


@dataclass(frozen=True, slots=True)
class StoreProbe:
    """What was found."""

    result: Atomicity

    @property
    def is_atomic(self) -> bool:
        return self.result is Atomicity.ATOMIC


def probe_store(store: ObjectStore) -> StoreProbe:
    """Two PUTs in a row, then eight at once, several times. Blocks for a second or two.

    Raises ConfigurationError for a store that ignores `If-None-Match` (or that cannot be used at all), Transient when
    it does not answer.
    """
    result = _sequential(store)
    if result is Atomicity.IGNORES_CONDITION:
        raise ConfigurationError(
            "The S3 server ignores If-None-Match: a clip could be overwritten. Use another server."
        )
    for _ in range(ROUNDS):
        if result is Atomicity.ATOMIC:
            result = _concurrent(store)
    _log.info("store probed", extra={"result": result.value})
    return StoreProbe(result)


def _sequential(store: ObjectStore) -> Atomicity:
    key = PREFIX + secrets.token_hex(16)
    try:
        store.create(key, b"first", CONTENT_TYPE)
        try:
            store.create(key, b"second", CONTENT_TYPE)
        except AlreadyExists:
            return Atomicity.ATOMIC if store.read(key) == b"first" else Atomicity.IGNORES_CONDITION
        return Atomicity.IGNORES_CONDITION
    finally:
        _remove(store, key)


def _concurrent(store: ObjectStore) -> Atomicity:
    key = PREFIX + secrets.token_hex(16)
    together = threading.Barrier(WRITERS)

    def write(number: int) -> bool:
        body = bytes([number]) * BODY_BYTES
        together.wait(timeout=10.0)
        try:
            store.create(key, body, CONTENT_TYPE)
        except AlreadyExists:
            return False
        except Transient:  # another write is under way (409), or no answer: it created nothing that it knows of
            return False
        return True

    try:
        with ThreadPoolExecutor(WRITERS, thread_name_prefix="probe") as pool:
            created = sum(pool.map(write, range(WRITERS)))
        if created == 0:
            raise Transient("probing the store: none of eight writers was answered")
        return Atomicity.ATOMIC if created == 1 else Atomicity.NOT_ATOMIC
    finally:
        _remove(store, key)


def _remove(store: ObjectStore, key: str) -> None:
    with contextlib.suppress(LookoutError):  # a probe object that stays is untidy, and no reason not to start
        store.delete(key)
