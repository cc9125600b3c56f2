"""What a person may set for `license_plate`."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from common.errors import ConfigurationError
from consumers.license_plate.formats import FORMATS, GENERIC, PlateFormat, check_pattern


class Mode(StrEnum):
    """How much CPU a picture may cost (docs/accuracy.md has the figures)."""

    FAST = "fast"
    VIDEO = "video"
    STANDARD = "standard"
    THOROUGH = "thorough"


class PlateOptions(BaseModel):
    """`formats`: names in `consumers.license_plate.formats`, in order. `patterns`: a person's own, tried first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Mode = Mode.STANDARD
    formats: tuple[str, ...] = Field(default=(GENERIC,), min_length=1, max_length=16)
    patterns: tuple[str, ...] = Field(default=(), max_length=32)

    @field_validator("formats")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in names if name not in FORMATS]
        if unknown:
            raise ValueError(f"unknown format {unknown[0]!r}; known: {', '.join(FORMATS)}")
        return names

    @field_validator("patterns")
    @classmethod
    def _checked(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(check_pattern(pattern) for pattern in patterns)

    def plate_formats(self) -> tuple[PlateFormat, ...]:
        """All formats in the order they are tried."""
        own = (PlateFormat("own", "Own patterns", self.patterns),) if self.patterns else ()
        return (*own, *(FORMATS[name] for name in self.formats))


def read_options(options: Mapping[str, Any]) -> PlateOptions:
    """Raises ConfigurationError naming each bad option."""
    try:
        return PlateOptions.model_validate(dict(options))
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise ConfigurationError(f"Bad option of license_plate: {problems}") from error
