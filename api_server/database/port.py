"""What this package needs of a document database. `mongo` and `memory` implement it and obey one contract suite.

Single-document atomic operations only: no transactions, pipeline updates or partial indexes, because the light embedded
server lacks them (DESIGN 4). Filters and changes are MongoDB's own, of these operators: `$lt $lte $gt $gte $ne $in $nin
$exists $regex $or $and`, and `$set $unset $inc $max`; a dot in a name reaches into an object.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

Document = dict[str, Any]
Where = Mapping[str, Any]
Change = Mapping[str, Mapping[str, Any]]
Sort = Sequence[tuple[str, int]]
"""(field, 1 or -1), the most important first."""


class Collection(Protocol):
    """One collection; ids are strings in `_id`. Safe on any thread. Every call raises Transient when the database does
    not answer in time; then a change may or may not have been made."""

    def insert(self, document: Document) -> bool:
        """Whether it was inserted; False when its `_id` or another unique value is taken. Never replaces."""
        ...

    def insert_missing(self, documents: Sequence[Document]) -> int:
        """Insert those whose `_id` is not taken, leave the others as they are; how many were inserted."""
        ...

    def get(self, document_id: str) -> Document | None: ...

    def find(self, where: Where, sort: Sort = (), limit: int = 0) -> list[Document]:
        """All that match, or the first `limit`."""
        ...

    def update(self, where: Where, change: Change) -> bool:
        """Change one document that matches, atomically; whether there was one."""
        ...

    def update_and_get(self, where: Where, change: Change) -> Document | None:
        """Change one document that matches, atomically, and return it as it is afterwards."""
        ...

    def update_all(self, where: Where, change: Change) -> int:
        """Change every document that matches, each atomically; how many matched."""
        ...

    def delete(self, where: Where) -> int:
        """Delete every document that matches; how many there were."""
        ...

    def count(self, where: Where) -> int: ...

    def total(self, field: str, where: Where) -> int:
        """The sum of an integer field over all that match."""
        ...


class Database(Protocol):
    """The collections, and how the connection is. Safe on any thread."""

    def collection(self, name: str) -> Collection:
        """One of `schema.COLLECTIONS`. KeyError for any other."""
        ...

    def prepare(self) -> None:
        """Create every index of `schema` and check that the unique ones are. Idempotent. Raises Transient, or
        ConfigurationError when the data there breaks a unique index."""
        ...

    def ping(self) -> None:
        """Raises Transient when the database does not answer within 2 s."""
        ...

    @property
    def is_light(self) -> bool:
        """Whether its indexes narrow nothing, so that it is for small installations. Known after `prepare`."""
        ...

    @property
    def losses(self) -> int:
        """How often the connection was lost. A database that died may have lost its last writes, so whoever trails
        them compares this before and after (DESIGN 5, rule 10)."""
        ...

    def close(self) -> None: ...
