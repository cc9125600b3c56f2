"""Every collection and its indexes. Only the unique ones matter to correctness; the light server ignores the others."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Index:
    """`fields` ascending. A descending scan reads the same index backwards."""

    fields: tuple[str, ...]
    is_unique: bool = False


@dataclass(frozen=True, slots=True)
class CollectionSpec:
    """`_id` is always unique and needs no entry."""

    name: str
    indexes: tuple[Index, ...] = ()


USERS = "users"
SESSIONS = "sessions"
API_TOKENS = "api_tokens"
AUDIT = "audit"
CAMERAS = "cameras"
CLIPS = "clips"
SIGHTINGS = "sightings"
GAPS = "gaps"
UPLOADS = "uploads"
OPEN_UPLOADS = "open_uploads"
QUERIES = "queries"
QUERY_SIGHTINGS = "query_sightings"
PURPOSES = "purposes"
EXPORTS = "exports"
SHARES = "shares"
REPEATS = "repeats"

COLLECTIONS: tuple[CollectionSpec, ...] = (
    CollectionSpec(USERS, (Index(("name",), is_unique=True), Index(("created_us", "_id")), Index(("link_hash",)))),
    CollectionSpec(SESSIONS, (Index(("user_id",)), Index(("expires_us",)))),
    CollectionSpec(API_TOKENS, (Index(("user_id",)), Index(("expires_us",)))),
    CollectionSpec(
        AUDIT,
        (
            Index(("seq",), is_unique=True),
            Index(("actor", "seq")),
            Index(("action", "seq")),
            Index(("camera", "seq")),
            Index(("target", "seq")),
        ),
    ),
    CollectionSpec(CAMERAS, (Index(("partition",)),)),
    CollectionSpec(
        CLIPS,
        (
            Index(("start_ms", "_id")),
            Index(("camera", "start_ms", "_id")),
            Index(("analysis", "start_ms", "_id")),
            Index(("camera", "analysis", "start_ms", "_id")),
            Index(("state", "start_ms", "_id")),
            Index(("is_empty", "start_ms", "_id")),
            Index(("held_us", "start_ms", "_id")),
        ),
    ),
    CollectionSpec(
        SIGHTINGS,
        (
            Index(("first_us", "_id")),
            Index(("start_ms", "clip")),
            Index(("camera", "first_us", "_id")),
            Index(("analysis", "first_us", "_id")),
            Index(("label", "first_us", "_id")),
            Index(("text_key",)),
            Index(("person_key",)),
            Index(("clip",)),
        ),
    ),
    CollectionSpec(GAPS, (Index(("found_us",)),)),
    CollectionSpec(UPLOADS, (Index(("owner", "start_us", "_id")), Index(("start_us", "_id")))),
    CollectionSpec(OPEN_UPLOADS, (Index(("owner", "state")), Index(("state",)), Index(("expires_us",)))),
    CollectionSpec(
        QUERIES,
        (
            Index(("slot",), is_unique=True),
            Index(("created_us", "_id")),
            Index(("camera", "created_us", "_id")),
            Index(("owner", "created_us", "_id")),
            Index(("question.recording", "created_us", "_id")),
            Index(("question.analysis", "created_us", "_id")),
            Index(("state", "created_us", "_id")),
        ),
    ),
    CollectionSpec(QUERY_SIGHTINGS, (Index(("query_id", "n")), Index(("query_id", "first_us", "_id")))),
    CollectionSpec(REPEATS, (Index(("begun_us",)),)),
    CollectionSpec(
        EXPORTS,
        (Index(("created_us", "_id")), Index(("owner", "created_us", "_id")), Index(("state", "created_us"))),
    ),
    CollectionSpec(
        SHARES, (Index(("token_hash",), is_unique=True), Index(("clip", "created_us", "_id")), Index(("expires_us",)))
    ),
    CollectionSpec(PURPOSES, (Index(("user", "stated_us", "_id")), Index(("stated_us", "_id")))),
)
