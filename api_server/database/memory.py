"""A document database in memory for unit tests: it obeys the same contract suite as the real one."""

import copy
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from api_server.database.port import Change, Collection, Document, Sort, Where
from api_server.database.schema import COLLECTIONS, CollectionSpec
from common.errors import Transient

_MISSING = object()


def _order(value: Any) -> tuple[int, Any]:
    """A key that sorts what is missing first, as MongoDB does."""
    return (0, 0) if value is None or value is _MISSING else (1, value)


def _value(document: Mapping[str, Any], field: str) -> Any:
    found: Any = document
    for part in field.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return _MISSING
        found = found[part]
    return found


_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "$lt": lambda value, bound: value < bound,
    "$lte": lambda value, bound: value <= bound,
    "$gt": lambda value, bound: value > bound,
    "$gte": lambda value, bound: value >= bound,
}


def _holds(value: Any, operator: str, operand: Any) -> bool:
    present = None if value is _MISSING else value
    if operator in _COMPARE:
        return present is not None and _COMPARE[operator](present, operand)
    if operator == "$ne":
        return bool(present != operand)
    if operator == "$in":
        return present in operand
    if operator == "$nin":
        return present not in operand
    if operator == "$exists":
        return (value is not _MISSING) is bool(operand)
    if operator == "$regex":
        return isinstance(present, str) and re.search(operand, present) is not None
    raise NotImplementedError(operator)


def matches(document: Mapping[str, Any], where: Where) -> bool:
    """Whether `document` fits a filter of the operators named in `port`."""
    for field, condition in where.items():
        if field == "$or":
            fits = any(matches(document, part) for part in condition)
        elif field == "$and":
            fits = all(matches(document, part) for part in condition)
        elif isinstance(condition, Mapping) and any(key.startswith("$") for key in condition):
            fits = all(_holds(_value(document, field), operator, operand) for operator, operand in condition.items())
        else:
            value = _value(document, field)
            fits = (None if value is _MISSING else value) == condition
        if not fits:
            return False
    return True


def _apply(whole: Document, change: Change) -> None:
    for operator, fields in change.items():
        for path, operand in fields.items():
            *outer, field = path.split(".")
            document = whole
            for part in outer:
                document = document.get(part, {}) if operator == "$unset" else document.setdefault(part, {})
            if operator == "$set":
                document[field] = copy.deepcopy(operand)
            elif operator == "$unset":
                document.pop(field, None)
            elif operator == "$inc":
                document[field] = document.get(field, 0) + operand
            elif operator == "$max":
                document[field] = max(document.get(field, operand), operand)
            else:
                raise NotImplementedError(operator)


class MemoryCollection:
    """Implements `Collection`."""

    def __init__(self, spec: CollectionSpec, require_up: Callable[[], None]) -> None:
        self._unique = [index.fields for index in spec.indexes if index.is_unique]
        self._require_up = require_up
        self._lock = threading.RLock()  # guards the documents: any thread may call
        self._documents: dict[str, Document] = {}

    def insert(self, document: Document) -> bool:
        self._require_up()
        with self._lock:
            taken = document["_id"] in self._documents or any(
                all(other.get(f) == document.get(f) for f in fields)
                for fields in self._unique
                for other in self._documents.values()
            )
            if not taken:
                self._documents[document["_id"]] = copy.deepcopy(document)
            return not taken

    def insert_missing(self, documents: Sequence[Document]) -> int:
        return sum(self.insert(document) for document in documents)

    def get(self, document_id: str) -> Document | None:
        self._require_up()
        with self._lock:
            return copy.deepcopy(self._documents.get(document_id))

    def find(self, where: Where, sort: Sort = (), limit: int = 0) -> list[Document]:
        self._require_up()
        with self._lock:
            found = [copy.deepcopy(d) for d in self._documents.values() if matches(d, where)]
        for field, direction in reversed(sort):
            found.sort(key=lambda d, f=field: _order(_value(d, f)), reverse=direction < 0)  # type: ignore[misc]
        return found[:limit] if limit else found

    def update(self, where: Where, change: Change) -> bool:
        return self.update_and_get(where, change) is not None

    def update_and_get(self, where: Where, change: Change) -> Document | None:
        self._require_up()
        with self._lock:
            for document in self._documents.values():
                if matches(document, where):
                    _apply(document, change)
                    return copy.deepcopy(document)
        return None

    def update_all(self, where: Where, change: Change) -> int:
        self._require_up()
        with self._lock:
            found = [d for d in self._documents.values() if matches(d, where)]
            for document in found:
                _apply(document, change)
            return len(found)

    def delete(self, where: Where) -> int:
        self._require_up()
        with self._lock:
            found = [d["_id"] for d in self._documents.values() if matches(d, where)]
            for document_id in found:
                del self._documents[document_id]
            return len(found)

    def count(self, where: Where) -> int:
        return len(self.find(where))

    def total(self, field: str, where: Where) -> int:
        return sum(int(d.get(field, 0)) for d in self.find(where))

    def dump(self) -> dict[str, Document]:
        with self._lock:
            return copy.deepcopy(self._documents)

    def load(self, documents: Mapping[str, Document]) -> None:
        with self._lock:
            self._documents = copy.deepcopy(dict(documents))


class MemoryDatabase:
    """Implements `Database`. A test takes it down and up, and may roll it back as a crash would."""

    def __init__(self) -> None:
        self.is_down = False
        self.losses = 0
        self.is_light = False
        self.is_prepared = False
        self._collections = {spec.name: MemoryCollection(spec, self._require_up) for spec in COLLECTIONS}

    def collection(self, name: str) -> Collection:
        return self._collections[name]

    def prepare(self) -> None:
        self._require_up()
        self.is_prepared = True

    def ping(self) -> None:
        self._require_up()

    def close(self) -> None:
        pass

    def snapshot(self) -> dict[str, dict[str, Document]]:
        """Everything stored now, to be handed to `crash`."""
        return {name: collection.dump() for name, collection in self._collections.items()}

    def crash(self, kept: Mapping[str, Mapping[str, Document]]) -> None:
        """The server dies and comes back with no more than `kept`: its last acknowledged writes are lost."""
        self.losses += 1
        for name, documents in kept.items():
            self._collections[name].load(documents)

    def _require_up(self) -> None:
        if self.is_down:
            raise Transient("the database does not answer")
