"""What a person may set for `recognition`."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from common.contracts.analysis_options import NETWORK_NEEDED
from common.contracts.camera_settings import RECOGNITION
from common.errors import ConfigurationError
from consumers.faces.choice import AUTOMATIC
from consumers.models.own import read_own_models

MISSING = f"Face recognition is off: no embedding network is set. {NETWORK_NEEDED}"
DISTANCE_LEAST, DISTANCE_MOST = 0.001, 0.99


class EmbeddingNetwork(BaseModel):
    """An ONNX file in MODEL_DIR: one aligned face in, one vector out. `pixels` and `order`: what its input wants."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,100}\.onnx$")
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    pixels: Literal["0..255", "0..1", "-1..1"] = "-1..1"
    order: Literal["bgr", "rgb"] = "rgb"


class PersonOptions(BaseModel):
    """Of a camera. `distance_max`: a face further than this from everybody is unknown (cosine distance, 0 to 2; what is
    right depends on the network)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    distance_max: float = Field(default=0.5, ge=DISTANCE_LEAST, le=DISTANCE_MOST)


class RecognitionOptions(PersonOptions):
    """Of the service. `faces_max`: per picture, surest first."""

    network: EmbeddingNetwork
    detector: str = Field(default=AUTOMATIC, max_length=64)
    faces_max: int = Field(default=32, ge=1, le=500)


def read_options(options: Mapping[str, Any]) -> RecognitionOptions:
    """The network is the one that is named, else the first of the list in MODEL_DIR. Raises ConfigurationError: without
    one with a sentence saying what is missing, else naming each bad option."""
    asked = dict(options)
    if not asked.get("network"):
        own = read_own_models(RECOGNITION, {})
        if not own:
            raise ConfigurationError(MISSING)
        asked["network"] = dict(own[0].network)
    try:
        return RecognitionOptions.model_validate(asked)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise ConfigurationError(f"Bad option of recognition: {problems}") from error
