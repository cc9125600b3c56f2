"""Who asks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """The most that a person may ever do.

    An admin may do everything to every camera and keeps the accounts; an operator everything to the cameras they own,
    and what they are granted on others; a viewer looks at what they are granted; an auditor reads the audit log and
    sees no pictures.
    """

    ADMIN = "admin"
    OPERATOR = "operator"
    VIEWER = "viewer"
    AUDITOR = "auditor"


class Right(StrEnum):
    """What a person is granted on one camera. A role caps it: a viewer granted `operate` still only looks."""

    VIEW = "view"
    OPERATE = "operate"


class Scope(StrEnum):
    """What an API token may be used for, within what its owner may do."""

    READ = "read"
    OPERATE = "operate"
    MANAGE = "manage"
    AUDIT = "audit"


@dataclass(frozen=True, slots=True)
class Subject:
    """A person who is signed in, or a program with a token of theirs. Read by `may` alone.

    `grants`: camera id to right. `scopes`: None for a session, which may do all that the person may. `token_id`: of the
    API token that is in use, else empty.
    """

    user_id: str
    name: str
    role: Role
    grants: Mapping[str, Right] = field(default_factory=dict)
    scopes: frozenset[Scope] | None = None
    token_id: str = ""


NOBODY = Subject("", "", Role.VIEWER)
"""Who has not said who they are, or not rightly. May nothing: owns nothing and is granted nothing."""
