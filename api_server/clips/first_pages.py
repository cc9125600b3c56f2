"""First pages of lists, for a server that sorts all that fits a filter in order to give the first fifty of it.

The light server does: it looks at 5,000 documents in 10 ms and sorts them in 90. So where a first page ended is
remembered, and the next time only what lies before that is asked for.
"""

import threading
from collections import OrderedDict

from api_server.clips.paging import OLDEST, Order, sorted_by
from api_server.database.port import Collection, Document, Where

REMEMBERED = 256
"""Lists; beyond, the one that nobody has looked at for longest is sorted as a whole again."""


class FirstPages:
    """Safe on any thread. Every call raises Transient."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards the ends
        self._ends: OrderedDict[tuple[object, ...], int] = OrderedDict()

    def find(
        self, collection: Collection, where: Where, order: Order, fields: tuple[str, str], limit: int
    ) -> list[Document]:
        """The first `limit` by `fields`, the first of which is a number. What is asked for is as many as the whole list
        would give, or it is not used: where things were deleted since, the whole list is asked for."""
        at_field, sort = fields[0], sorted_by(order, *fields)
        key = (at_field, repr(where), order, limit)
        with self._lock:
            end = self._ends.get(key)
        found: list[Document] = []
        if end is not None:
            before = {at_field: {"$lte" if order == OLDEST else "$gte": end}}
            found = collection.find({"$and": [before, where]}, sort, limit)
        if len(found) < limit:
            found = collection.find(where, sort, limit)
        self._remember(key, int(found[-1][at_field]) if len(found) == limit else None)
        return found

    def _remember(self, key: tuple[object, ...], end: int | None) -> None:
        with self._lock:
            if end is None:
                self._ends.pop(key, None)
                return
            self._ends[key] = end
            self._ends.move_to_end(key)
            while len(self._ends) > REMEMBERED:
                self._ends.popitem(last=False)
