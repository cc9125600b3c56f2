"""What a person may set for `emotion`."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from common.errors import ConfigurationError
from consumers.faces.choice import AUTOMATIC


class OwnNetwork(BaseModel):
    """A network in place of the shipped one: an ONNX file in MODEL_DIR. `labels` in the order of its output; `grey`:
    the range its input wants."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,100}\.onnx$")
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    labels: tuple[str, ...] = Field(min_length=2, max_length=32)
    grey: Literal["0..255", "0..1", "-1..1"] = "0..255"

    @field_validator("labels")
    @classmethod
    def _distinct(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(labels)) < len(labels) or any(not label or len(label) > 40 for label in labels):
            raise ValueError("labels are distinct words of at most 40 characters")
        return labels


class EmotionOptions(BaseModel):
    """`detector`: `auto`, or a face detector by its name in the model registry. `faces_max`: per picture, surest
    first: bounds what a poster full of faces can cost. `network`: one's own in place of the shipped one. `landmarks`:
    so many points of each face are found, drawn and stored (468 make a sidecar large)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    detector: str = Field(default=AUTOMATIC, max_length=64)
    faces_max: int = Field(default=64, ge=1, le=500)
    network: OwnNetwork | None = None
    landmarks: Literal[0, 5, 68, 468] = 0


def read_options(options: Mapping[str, Any]) -> EmotionOptions:
    """Raises ConfigurationError naming each bad option."""
    try:
        return EmotionOptions.model_validate(dict(options))
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise ConfigurationError(f"Bad option of emotion: {problems}") from error
