"""What a person may set for `recognition`."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from common.errors import ConfigurationError
from consumers.faces.choice import AUTOMATIC

MISSING = (
    "Face recognition is off: no embedding network is set. None with a clear licence is to be had from the package "
    "index; put an ONNX file of your own into MODEL_DIR and name it: "
    """--option network='{"file": "NAME.onnx", "sha256": "..."}'"""
)


class EmbeddingNetwork(BaseModel):
    """An ONNX file in MODEL_DIR: one aligned face in, one vector out. `pixels` and `order`: what its input wants."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,100}\.onnx$")
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    pixels: Literal["0..255", "0..1", "-1..1"] = "-1..1"
    order: Literal["bgr", "rgb"] = "rgb"


class RecognitionOptions(BaseModel):
    """`distance_max`: a face further than this from everybody is unknown (cosine distance, 0 to 2; what is right
    depends on the network). `faces_max`: per picture, surest first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    network: EmbeddingNetwork
    detector: str = Field(default=AUTOMATIC, max_length=64)
    distance_max: float = Field(default=0.5, gt=0, lt=1)
    faces_max: int = Field(default=32, ge=1, le=500)


def read_options(options: Mapping[str, Any]) -> RecognitionOptions:
    """Raises ConfigurationError: without a network with a sentence saying what is missing, else naming each bad
    option."""
    if not options.get("network"):
        raise ConfigurationError(MISSING)
    try:
        return RecognitionOptions.model_validate(dict(options))
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise ConfigurationError(f"Bad option of recognition: {problems}") from error
