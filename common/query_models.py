"""Which models a query may name: those of the registry, and those that running consumers say they were given.

A name is all that a person can say. It stands for a file with one digest, in this code or on the consumer's own list
(`MODEL_DIR/models.json`); whatever is on neither is refused before it reaches a job.
"""

import re
from collections.abc import Mapping

from common.contracts.camera_settings import EMOTION, OBJECTS, PEOPLE
from common.contracts.consumer_status import OfferedModel
from common.model_registry import FASTESTDET, FER_EMOTION, MODELS, YOLOX_NANO, ModelFile

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,100}$"
"""Of a model: no path, nothing that a shell or a database would read as anything else."""
OWN_VERSION = "own"
"""Of a model that a person put into MODEL_DIR."""
HOG = "hog"
"""OpenCV's own detector of people: it needs no file, and its digest is that of the installed library's weights."""
_NAME = re.compile(NAME_PATTERN)


def offered(model: ModelFile) -> OfferedModel:
    return OfferedModel(name=model.name, version=model.version, sha256=model.sha256)


BUILT_IN: Mapping[str, tuple[OfferedModel, ...]] = {
    OBJECTS: (offered(YOLOX_NANO), offered(FASTESTDET)),
    PEOPLE: (offered(YOLOX_NANO), offered(FASTESTDET), OfferedModel(name=HOG, version="opencv")),
    EMOTION: (offered(FER_EMOTION),),
}
"""Of each analysis, the best first. License plates are read by three files that belong together: there is one way."""


def is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


def said_of(name: str) -> str:
    """What people read of a model's rightness; empty where nothing was measured."""
    model = MODELS.get(name)
    return model.accuracy if model is not None else ""
