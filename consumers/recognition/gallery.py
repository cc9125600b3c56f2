"""Who is enrolled: one JSON file a person in a folder that only we read. Never pickled; gone when deleted, with proof.

A receipt of a deletion stays: when, how many vectors, and the digest of the file that was removed, from which nothing
can be learnt. `prove` looks that nothing with this id or digest is left.
"""

import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import Field, ValidationError

from common.contracts.base import Contract
from common.errors import ConfigurationError
from consumers.recognition.embedder import Embedding, unit

ID_BYTES = 6
PEOPLE_MAX = 10_000
EMBEDDINGS_MAX = 50
FILE_BYTES_MAX = 4 << 20
_SUFFIX, _RECEIPT = ".person.json", ".deleted.json"


class Person(Contract):
    """`embeddings` are of the network with `model_sha256`: of another one they say nothing."""

    v: int = 1
    id: str = Field(pattern="^[0-9a-f]{12}$")
    name: str = Field(min_length=1, max_length=80)
    model_sha256: str
    enrolled_us: int
    embeddings: tuple[tuple[float, ...], ...] = Field(min_length=1, max_length=EMBEDDINGS_MAX)


class Receipt(Contract):
    """What is left of a deleted person. `digest`: SHA-256 of the file that was removed."""

    v: int = 1
    id: str
    deleted_us: int
    embeddings: int
    digest: str


@dataclass(frozen=True, slots=True)
class Match:
    """`distance`: cosine distance to the nearest picture of `name`, 0 to 2."""

    name: str
    distance: float


class Gallery:
    """Thread-safe by its files: each is replaced or removed as a whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def enrol(self, name: str, embeddings: list[Embedding], model_sha256: str, now_us: int) -> Person:
        """Add pictures of a person; a name that is there gets more of them. Raises ConfigurationError."""
        known = next((one for one in self.people() if one.name == name), None)
        if known is None and len(self.people()) >= PEOPLE_MAX:
            raise ConfigurationError(f"{PEOPLE_MAX} people are enrolled: no more fit.")
        held = known.embeddings if known is not None and known.model_sha256 == model_sha256 else ()
        rows = tuple(tuple(round(float(value), 6) for value in row) for row in embeddings)
        try:
            person = Person(
                id=known.id if known is not None else secrets.token_hex(ID_BYTES),
                name=name,
                model_sha256=model_sha256,
                enrolled_us=now_us,
                embeddings=(*held, *rows)[-EMBEDDINGS_MAX:],
            )
        except ValidationError as error:
            raise ConfigurationError(f"{name[:80]!r} cannot be enrolled: {error.errors()[0]['msg']}") from error
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(self._folder / f"{person.id}{_SUFFIX}", person.to_json())
        return person

    def people(self) -> list[Person]:
        """Everybody, by name. Raises ConfigurationError for a file that is damaged: nobody is passed over."""
        people = []
        for path in self._folder.glob(f"*{_SUFFIX}") if self._folder.is_dir() else ():
            try:
                if path.stat().st_size > FILE_BYTES_MAX:
                    raise ConfigurationError(f"{path} is too large to be an enrolment.")
                people.append(Person.model_validate_json(path.read_bytes()))
            except FileNotFoundError:
                continue  # deleted while we looked
            except ValidationError as error:
                raise ConfigurationError(f"{path} is damaged. Remove it, and enrol again.") from error
        return sorted(people, key=lambda one: (one.name, one.id))

    def delete(self, name: str, now_us: int) -> list[Receipt]:
        """Remove everybody of that name; a receipt for each. Raises ConfigurationError when there is nobody."""
        receipts = []
        for person in [one for one in self.people() if one.name == name]:
            path = self._folder / f"{person.id}{_SUFFIX}"
            content = path.read_bytes()
            receipt = Receipt(
                id=person.id,
                deleted_us=now_us,
                embeddings=len(person.embeddings),
                digest=hashlib.sha256(content).hexdigest(),
            )
            # The receipt first: a removal that nobody can prove would be worse than one that is done twice.
            _write(self._folder / f"{person.id}{_RECEIPT}", receipt.to_json())
            path.unlink(missing_ok=True)
            receipts.append(receipt)
        if not receipts:
            raise ConfigurationError(f"Nobody called {name[:80]!r} is enrolled.")
        return receipts

    def prove(self, receipt: Receipt) -> bool:
        """Whether nothing of a deleted person is left: no file of that id, none with that content."""
        files = [path for path in self._folder.glob(f"*{_SUFFIX}") if path.is_file()]
        digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
        return receipt.digest not in digests and all(not path.name.startswith(receipt.id) for path in files)

    def receipts(self) -> list[Receipt]:
        """Of all deletions, oldest first."""
        found = [Receipt.model_validate_json(path.read_bytes()) for path in self._folder.glob(f"*{_RECEIPT}")]
        return sorted(found, key=lambda one: (one.deleted_us, one.id))


class KnownFaces:
    """A gallery in memory, for one network. Immutable: a changed gallery is read anew."""

    def __init__(self, people: list[Person], model_sha256: str) -> None:
        fitting = [one for one in people if one.model_sha256 == model_sha256]
        self._names = [one.name for one in fitting for _ in one.embeddings]
        rows = [unit(np.array(row, np.float32)) for one in fitting for row in one.embeddings]
        self._rows = np.stack(rows) if rows else np.empty((0, 0), np.float32)

    def nearest(self, face: Embedding, most: int) -> list[Match]:
        """The nearest people, each once, nearest first. Empty where nobody is enrolled for this network."""
        if len(self._rows) == 0 or self._rows.shape[1] != len(face):
            return []
        distances = 1 - self._rows @ face
        best: dict[str, float] = {}
        for place in np.argsort(distances, kind="stable"):
            best.setdefault(self._names[place], float(distances[place]))
            if len(best) == most:
                break
        return [Match(name, distance) for name, distance in best.items()]


def _write(path: Path, content: bytes) -> None:
    partial = path.with_name(path.name + ".partial")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
