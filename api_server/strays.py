"""Objects whose owner no record knows: left by a worker that was slow, or by a database that was lost."""

from collections.abc import Callable, Collection

from common.clock import Clock
from common.storage.port import ObjectStore

SETTLED_AFTER_S = 3600
"""Younger objects are left alone: their record may be on its way."""


def erase_strays(store: ObjectStore, prefix: str, known: Callable[[], Collection[str]], clock: Clock) -> int:
    """Delete what lies below `prefix` in a folder (its first name) that is not one of `known`. How many it were."""
    before_us = clock.wall_us() - SETTLED_AFTER_S * 1_000_000
    ids = known()
    gone = [
        info.key
        for info in store.list(prefix)
        if info.modified_us < before_us and info.key.removeprefix(prefix).split("/")[0] not in ids
    ]
    for key in gone:
        store.delete(key)
    return len(gone)
