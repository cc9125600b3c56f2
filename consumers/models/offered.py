"""The models of one analysis that a query may name, and what its analyzer is built with for each."""

import logging
from collections.abc import Mapping
from typing import Any

from common.contracts.consumer_status import OfferedModel
from common.contracts.segment_job import AskedModel
from common.errors import ConfigurationError, LookoutError
from common.model_registry import MODELS, FolderFile, ModelFile, find, locate
from common.query_models import BUILT_IN, OWN_VERSION
from consumers.models.own import OwnModel, own_model, read_own_models
from consumers.pipeline.analysis import AnalysisDefinition, Analyzer

NETWORK = "network"
"""The option by which every analysis that takes a person's own network takes it."""
_log = logging.getLogger(__name__)


class ModelRefused(LookoutError):
    """The model that a query names cannot be used here. The text is a sentence for the person who asked."""


class OfferedModels:
    """Of one analysis, on this machine. `options`: what the service was started with; a network that they name can be
    asked for like those on the list in MODEL_DIR. Immutable; any thread.

    Raises ConfigurationError for a list in MODEL_DIR that is not as it must be.
    """

    def __init__(
        self,
        definition: AnalysisDefinition,
        options: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._definition = definition
        self._options = {**definition.options, **(options or {})}
        self._environment = environment
        self._registered = {model.name: model for model in BUILT_IN.get(definition.name, ())}
        self._own = _own_models(definition, self._options, self._registered, environment)

    @property
    def all(self) -> tuple[OfferedModel, ...]:
        """As they are told to the API server: the registry's first."""
        known = [
            model.model_copy(update={"is_here": model.sha256 is None or self._has(MODELS[model.name])})
            for model in self._registered.values()
        ]
        own = [
            OfferedModel(
                name=model.name,
                version=OWN_VERSION,
                sha256=model.sha256,
                is_here=locate(FolderFile(model.file), self._environment) is not None,
            )
            for model in self._own.values()
        ]
        return (*known, *own)

    def build(self, asked: AskedModel | None, options: Mapping[str, Any]) -> Analyzer:
        """An analyzer with the model that a query names, or the service's own, and the query's options. Takes as long
        as loading a file. Raises ModelRefused; ConfigurationError for a bad option."""
        build = self._definition.build_analyzer
        if build is None:
            raise ModelRefused(f"{self._definition.title} searches nothing: it has no model.")
        if asked is None:
            return build({**self._options, **options})
        chosen = self._options_of(asked)
        try:
            return build({**self._options, **options, **chosen})
        except ConfigurationError as error:
            # The whole sentence may name folders of this machine: it is for its log.
            _log.warning("a query's model cannot be used", extra={"model": asked.name, "problem": error})
            raise ModelRefused(self._sentence(asked)) from error

    def _options_of(self, asked: AskedModel) -> Mapping[str, Any]:
        """Raises ModelRefused where the name stands for nothing here, or for another file than when it was asked."""
        registered, own = self._registered.get(asked.name), self._own.get(asked.name)
        if registered is not None:
            if registered.sha256 == asked.sha256:
                return self._definition.models[asked.name]
        elif own is not None:
            if own.sha256 == asked.sha256:
                return {**(self._definition.own_model or {}), NETWORK: dict(own.network)}
        else:
            raise ModelRefused(
                f"The consumer of {self._definition.name} that took this query knows no model called {asked.name}."
            )
        raise ModelRefused(
            f"{asked.name} is another file on the consumer of {self._definition.name} that took this query than it was "
            "when the query was asked. Ask again."
        )

    def _sentence(self, asked: AskedModel) -> str:
        own = self._own.get(asked.name)
        if own is not None:
            is_there, file, get_with = locate(FolderFile(own.file), self._environment) is not None, own.file, ""
        elif asked.name in MODELS:
            model = MODELS[asked.name]
            is_there, file, get_with = self._has(model), model.source.path, f" Get it with: {model.get_with}."
        else:
            return f"The model {asked.name} cannot be used by the consumer that took this query; its log says why."
        if not is_there:
            return (
                f"The model {asked.name} is not on the machine that runs {self._definition.name}: its file {file} is "
                f"missing there.{get_with}"
            )
        return (
            f"The file {file} on the machine that runs {self._definition.name} is not {asked.name} as it is "
            "registered, or cannot be run; the consumer's log says why."
        )

    def _has(self, model: ModelFile) -> bool:
        return find(model, self._environment) is not None


def _own_models(
    definition: AnalysisDefinition,
    options: Mapping[str, Any],
    registered: Mapping[str, OfferedModel],
    environment: Mapping[str, str] | None,
) -> dict[str, OwnModel]:
    if definition.own_model is None:
        return {}
    models = {model.name: model for model in read_own_models(definition.name, registered, environment)}
    network = options.get(NETWORK)
    if isinstance(network, Mapping) and {"file", "sha256"} <= set(network):
        named = own_model(network)
        if named.name not in registered:
            # What the service itself was started with goes before the list.
            models[named.name] = named
    return models
