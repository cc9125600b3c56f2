"""One route: what it answers, what it takes, and who may use it. All of them together are the route table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from flask import Response
from pydantic import BaseModel

from api_server.access.rules import Public, Rule
from api_server.access.subject import Subject
from api_server.accounts.api_tokens import ApiToken
from api_server.accounts.sessions import Session
from api_server.accounts.users import User
from api_server.cameras.camera import Camera
from api_server.clips.records import ClipRecord
from api_server.exports.record import ExportRecord
from api_server.queries.record import QueryRecord
from api_server.recordings.record import Upload
from api_server.uploads.record import OpenUpload

T = TypeVar("T", bound=BaseModel)
V = TypeVar("V")

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Call:
    """One permitted, checked request. `camera`, `clip`, `recording`, `asked` (a query), `export`, `user`,
    `own_session` and `own_token` are there when the route's rule is about one. `account`: whose request it is."""

    person: Subject | None
    session_token: str | None = field(repr=False)
    path: Mapping[str, str | int]
    query: BaseModel | None = None
    body: BaseModel | None = field(default=None, repr=False)
    camera_found: Camera | None = None
    clip_found: ClipRecord | None = None
    recording_found: Upload | None = None
    query_found: QueryRecord | None = None
    open_upload_found: OpenUpload | None = None
    export_found: ExportRecord | None = None
    user_found: User | None = None
    own_session_found: Session | None = None
    own_token_found: ApiToken | None = None
    account_found: User | None = field(default=None, repr=False)

    @property
    def subject(self) -> Subject:
        return _given(self.person, "a signed-in person")

    @property
    def camera(self) -> Camera:
        return _given(self.camera_found, "a camera")

    @property
    def clip(self) -> ClipRecord:
        return _given(self.clip_found, "a clip")

    @property
    def recording(self) -> Upload:
        return _given(self.recording_found, "a recording")

    @property
    def open_upload(self) -> OpenUpload:
        return _given(self.open_upload_found, "an upload under way")

    @property
    def asked(self) -> QueryRecord:
        return _given(self.query_found, "a query")

    @property
    def export(self) -> ExportRecord:
        return _given(self.export_found, "an export")

    @property
    def user(self) -> User:
        return _given(self.user_found, "a user")

    @property
    def own_session(self) -> Session:
        return _given(self.own_session_found, "a session of theirs")

    @property
    def own_token(self) -> ApiToken:
        return _given(self.own_token_found, "a token of theirs")

    @property
    def account(self) -> User:
        return _given(self.account_found, "an account")

    def take_query(self, kind: type[T]) -> T:
        return _of(self.query, kind)

    def take_body(self, kind: type[T]) -> T:
        return _of(self.body, kind)

    @property
    def session(self) -> str:
        """The token of the session that is in use."""
        return _given(self.session_token, "a session")


def _given(found: V | None, what: str) -> V:
    if found is None:
        raise TypeError(f"the route's rule does not promise {what}")
    return found


def _of(found: BaseModel | None, kind: type[T]) -> T:
    if not isinstance(found, kind):
        raise TypeError(f"the route does not declare {kind.__name__}")
    return found


@dataclass(frozen=True, slots=True)
class Reply:
    """A JSON answer. Only what the route's declared model names leaves the server. `body` None: 204."""

    body: BaseModel | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


View = Callable[[Call], Reply | Response]


@dataclass(frozen=True, slots=True)
class Header:
    """A header of the request that a route reads. `pattern`: a regular expression that its value fits."""

    says: str
    pattern: str
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """`path`: in Flask's notation. `answer`: the model of a JSON answer; `media`: the type of any other. `is_page`:
    who is not signed in is sent to the sign-in page instead of getting a 401. `errors`: statuses beyond the usual.
    `raw`: the view reads a body of these types itself, as a stream. `headers`: those that the view reads, for the
    description."""

    method: str
    path: str
    rule: Rule
    view: View
    summary: str
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    answer: type[BaseModel] | None = None
    media: str | None = None
    status: int = 200
    errors: tuple[int, ...] = ()
    is_page: bool = False
    raw: tuple[str, ...] = ()
    headers: Mapping[str, Header] = field(default_factory=dict)

    @property
    def endpoint(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_public(self) -> bool:
        return isinstance(self.rule, Public)

    @property
    def is_create(self) -> bool:
        """Whether it makes something, and takes an Idempotency-Key so that a repeat does not make it twice."""
        return self.method == "POST" and self.status in (201, 202) and not self.is_public

    @property
    def is_safe(self) -> bool:
        return self.method in SAFE_METHODS
