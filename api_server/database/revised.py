"""Records that several processes change: every change names the revision it starts from."""

from collections.abc import Callable
from typing import TypeVar

from api_server.database.port import Collection
from api_server.database.record import Record
from common.errors import Transient

TRIES = 20
"""Of one change: the API and the indexer seldom meet at a record, and one of them always gets on."""


class RevisedRecord(Record):
    """`revision` goes up by one with every change."""

    revision: int = 1


Revised = TypeVar("Revised", bound=RevisedRecord)


def rewrite(
    collection: Collection, known: Callable[[], Revised | None], apply: Callable[[Revised], Revised]
) -> Revised | None:
    """Change what `known` reads, in one atomic operation; the record as it is then, None when there is none.

    `apply` returns the same object when there is nothing to change. Raises Transient, also when others always win.
    """
    for _ in range(TRIES):
        record = known()
        if record is None:
            return None
        changed = apply(record)
        if changed is record:
            return record
        changed = changed.model_copy(update={"revision": record.revision + 1})
        fields = changed.to_document()
        del fields["_id"]
        if collection.update({"_id": record.id, "revision": record.revision}, {"$set": fields}):
            return changed
    raise Transient("the record keeps being changed by others")
