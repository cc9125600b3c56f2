"""Names of people as they are compared, and which sightings bear one: labels of `recognition` are names."""

import unicodedata

from common.contracts.camera_settings import RECOGNITION

UNKNOWN = "unknown"
"""Its label of a face that nobody was enrolled with."""


def person_of(analysis: str, label: str | None) -> str | None:
    """Who was seen; None where no face was named."""
    return label if analysis == RECOGNITION and label != UNKNOWN else None


def person_key(name: str) -> str:
    """Letters and digits of `name` without case and accents: `Zoë O'Brien` and `zoe obrien` are one. Nothing of it is
    an operator of a pattern."""
    return "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if c.isalnum())
