"""What a person may set for `emotion`."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from common.errors import ConfigurationError
from consumers.faces.choice import AUTOMATIC


class EmotionOptions(BaseModel):
    """`detector`: `auto`, or a face detector by its name in the model registry. `faces_max`: per picture, surest
    first: bounds what a poster full of faces can cost."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    detector: str = Field(default=AUTOMATIC, max_length=64)
    faces_max: int = Field(default=64, ge=1, le=500)


def read_options(options: Mapping[str, Any]) -> EmotionOptions:
    """Raises ConfigurationError naming each bad option."""
    try:
        return EmotionOptions.model_validate(dict(options))
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise ConfigurationError(f"Bad option of emotion: {problems}") from error
