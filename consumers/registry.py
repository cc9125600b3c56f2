"""Every analysis by its name. To add one: a package with a `definition` module, and a line here."""

import importlib

from common.contracts.camera_settings import EMOTION, LICENSE_PLATE, OBJECTS, PEOPLE, RECOGNITION, RECORDER
from common.errors import ConfigurationError
from consumers.pipeline.analysis import AnalysisDefinition

PLACES: dict[str, str] = {
    RECORDER: "consumers.recorder.definition",
    EMOTION: "consumers.emotion.definition",
    LICENSE_PLATE: "consumers.license_plate.definition",
    OBJECTS: "consumers.objects.definition",
    PEOPLE: "consumers.people.definition",
    RECOGNITION: "consumers.recognition.definition",
}
"""Name -> module whose `DEFINITION` is the entry. A consumer imports its own analysis and no other."""


def load_definition(name: str) -> AnalysisDefinition:
    """Raises ConfigurationError for an unknown name, naming the known ones."""
    place = PLACES.get(name)
    if place is None:
        raise ConfigurationError(f"There is no analysis {name[:64]!r}. Known: {', '.join(sorted(PLACES))}.")
    definition = importlib.import_module(place).DEFINITION
    if not isinstance(definition, AnalysisDefinition) or definition.name != name:
        raise ConfigurationError(f"{place} does not define {name}.")
    return definition
