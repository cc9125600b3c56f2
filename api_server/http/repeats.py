"""`Idempotency-Key`: a create that is sent again, because its answer was lost, is not done again.

The answer is kept for a day, sealed with the key itself, of which only a hash is stored: a camera's token, shown once,
can be shown again to who holds the key, and to nobody who reads the database.
"""

import base64
import hashlib
import json
import re

from cryptography.fernet import Fernet, InvalidToken
from flask import Request
from pydantic import BaseModel

from api_server.database.port import Database
from api_server.database.record import Record
from api_server.database.schema import REPEATS
from api_server.http.errors import ApiError
from common.clock import Clock

HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotency-Replayed"
KEPT_S = 24 * 3600
WORKING_S = 120
"""No create takes longer, but for an upload; after this nobody knows what became of it."""
ASKING_HEADERS = ("Upload-Length", "Upload-Metadata")
"""What says in a header what is wanted (tus)."""
_KEY = re.compile(r"[A-Za-z0-9_-]{16,128}")
"""Long enough that nobody guesses it: a UUID has 36."""
_US = 1_000_000


class KeptAnswer(BaseModel):
    """An answer as it was given."""

    status: int
    body: str
    headers: dict[str, str]


class RepeatRecord(Record):
    """`asked`: fingerprint of the request; `sealed`: its answer, empty while it is being worked on."""

    asked: str
    begun_us: int
    sealed: str = ""


class Claim:
    """One key, held by one request. Exactly one of `keep` and `release` is called, or neither when the outcome is not
    known: then the key stays taken, and a repeat is told so."""

    def __init__(self, repeats: "Repeats", record_id: str, seal: Fernet) -> None:
        self._repeats = repeats
        self._record_id = record_id
        self._seal = seal

    def keep(self, answer: KeptAnswer) -> None:
        """Raises Transient."""
        self._repeats.keep(self._record_id, self._seal.encrypt(answer.model_dump_json().encode()).decode())

    def release(self) -> None:
        """Nothing was made. Raises Transient."""
        self._repeats.release(self._record_id)


class Repeats:
    """Safe on any thread, and in several processes. Raises Transient."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._records = database.collection(REPEATS)
        self._clock = clock

    def begin(self, user_id: str, endpoint: str, key: str, asked: str) -> Claim | KeptAnswer:
        """The right to do it, or the answer that was given. Raises ApiError 400, 409, 422."""
        if not _KEY.fullmatch(key):
            raise ApiError(400, "invalid_request", f"{HEADER} is 16 to 128 of A-Z a-z 0-9 _ -; a UUID will do.")
        record_id = hashlib.sha256(f"{user_id}\n{endpoint}\n{key}".encode()).hexdigest()
        seal = _seal(user_id, key)
        now_us = self._clock.wall_us()
        fresh = RepeatRecord(id=record_id, asked=asked, begun_us=now_us)
        if self._records.insert(fresh.to_document()):
            return Claim(self, record_id, seal)
        document = self._records.get(record_id)
        if document is None:
            raise _busy()
        known = RepeatRecord.from_document(document)
        if known.asked != asked:
            sentence = f"This {HEADER} was used for another request. Take a new one."
            raise ApiError(422, "key_reused", sentence)
        if known.sealed:
            return _opened(seal, known.sealed)
        if now_us - known.begun_us < WORKING_S * _US:
            raise _busy()
        sentence = "Nobody knows what became of the first try. Look whether it is there before you try with a new key."
        raise ApiError(409, "outcome_unknown", sentence)

    def keep(self, record_id: str, sealed: str) -> None:
        self._records.update({"_id": record_id}, {"$set": {"sealed": sealed}})

    def release(self, record_id: str) -> None:
        self._records.delete({"_id": record_id})

    def forget(self) -> int:
        """Remove what is older than a day; how many."""
        return self._records.delete({"begun_us": {"$lt": self._clock.wall_us() - KEPT_S * _US}})


def fingerprint_of(request: Request, body: BaseModel | None) -> str:
    """Of everything the request asks for. A body that is a stream counts by its length and type."""
    said = [
        request.method,
        request.full_path,
        body.model_dump_json() if body is not None else [request.content_length, request.mimetype],
        [request.headers.get(name) for name in ASKING_HEADERS],
    ]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _seal(user_id: str, key: str) -> Fernet:
    secret = hashlib.sha256(f"lookout-repeat-v1\n{user_id}\n{key}".encode()).digest()
    return Fernet(base64.urlsafe_b64encode(secret))


def _opened(seal: Fernet, sealed: str) -> KeptAnswer:
    try:
        return KeptAnswer.model_validate_json(seal.decrypt(sealed.encode()))
    except (InvalidToken, ValueError) as error:
        raise ApiError(409, "outcome_unknown", "The kept answer cannot be read. Look whether it is there.") from error


def _busy() -> ApiError:
    return ApiError(409, "in_progress", "The first try is still being worked on.", {"Retry-After": "2"})
