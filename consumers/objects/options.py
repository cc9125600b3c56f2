"""What a person may set for `objects` and `people`: for the service, and for each camera while it runs."""

from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from common.errors import ConfigurationError
from consumers.objects.classes import COCO, chosen_classes

AUTOMATIC = "auto"
T = TypeVar("T", bound=BaseModel)
SCORE_FLOOR = 0.1
"""Nothing below this leaves the analyzer. The tracker takes doubtful detections where it expects a thing."""


class OwnDetector(BaseModel):
    """An ONNX file in MODEL_DIR in place of the known ones. `labels`: in the order of its classes. `pixels` and
    `order`: what its input wants; left out: what is usual for its layout."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,100}\.onnx$")
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    labels: tuple[str, ...] = Field(default=COCO, min_length=1, max_length=1_000)
    pixels: Literal["0..255", "0..1", "imagenet"] | None = None
    order: Literal["bgr", "rgb"] | None = None


class DetectorOptions(BaseModel):
    """Of the service. `model`: `auto`, a detector by its name in the model registry, or (people) `hog`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(default=AUTOMATIC, max_length=64)
    network: OwnDetector | None = None
    objects_max: int = Field(default=200, ge=1, le=1_000)


class SceneOptions(BaseModel):
    """Of a camera. `classes`: presets and class names; `score_min`: from this score a thing is taken for one;
    `side_min`: smaller boxes, by their shorter side in parts of the picture's height, are left out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    classes: tuple[str, ...] = Field(default=("core",), min_length=1, max_length=100)
    score_min: float = Field(default=0.35, ge=SCORE_FLOOR, le=0.99)
    side_min: float = Field(default=0.0, ge=0, le=1)

    @field_validator("classes", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    def wanted(self, known: tuple[str, ...] = COCO) -> frozenset[str]:
        """Raises ConfigurationError for a name that is neither a class nor a preset."""
        try:
            return chosen_classes(self.classes, known)
        except ValueError as error:
            raise ConfigurationError(f"Bad option classes: {error}") from error


def read_detector_options(options: Mapping[str, Any], analysis: str) -> DetectorOptions:
    """The service's part of `options`. Raises ConfigurationError naming each bad or unknown option."""
    return _read(DetectorOptions, _without(options, SceneOptions), analysis)


def read_scene_options(options: Mapping[str, Any], analysis: str) -> SceneOptions:
    """The camera's part of `options`. Raises ConfigurationError naming each bad or unknown option."""
    return _read(SceneOptions, _without(options, DetectorOptions), analysis)


def _without(options: Mapping[str, Any], other: type[BaseModel]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in other.model_fields}


def _read(kind: type[T], values: Mapping[str, Any], analysis: str) -> T:
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise ConfigurationError(f"Bad option of {analysis}: {problems}") from error
