"""Who asks."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """An admin may do everything to every camera, an operator everything to the cameras they own."""

    ADMIN = "admin"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Subject:
    """A signed-in person. Per-camera grants will be fields of this class, read by `may` alone."""

    user_id: str
    name: str
    role: Role
