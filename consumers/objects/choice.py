"""Which object detector is used: the best by measurement (docs/accuracy.md) of those that are there."""

from common.errors import ConfigurationError
from common.model_registry import FASTESTDET, YOLOX_NANO, ModelFile, find
from consumers.objects.network import ObjectNetwork, own_model
from consumers.objects.options import AUTOMATIC, DetectorOptions

BY_QUALITY: tuple[ModelFile, ...] = (YOLOX_NANO, FASTESTDET)


def choose_network(options: DetectorOptions) -> ObjectNetwork:
    """The file asked for, or the best that is there.

    Raises ConfigurationError, naming what to do: none is there, the named one is unknown or missing, or a file is
    there but altered (that is never passed over in silence).
    """
    if options.network is not None:
        return ObjectNetwork(own_model(options.network), options.network.labels, options.network)
    if options.model != AUTOMATIC:
        for model in BY_QUALITY:
            if model.name == options.model:
                return ObjectNetwork(model)
        known = ", ".join([AUTOMATIC, *(model.name for model in BY_QUALITY)])
        raise ConfigurationError(f"There is no object detector called {options.model!r}. Known: {known}")
    here = present()
    if here is None:
        best = BY_QUALITY[0]
        raise ConfigurationError(
            f"No object detector is there: its file ({best.source.path}, {best.upstream}) is not among the installed "
            f"packages. Get it with: {best.get_with}"
        )
    return ObjectNetwork(here)


def present() -> ModelFile | None:
    """The best file that is there, unverified."""
    return next((model for model in BY_QUALITY if find(model) is not None), None)
