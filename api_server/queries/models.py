"""Which models a query may name, by what the registry and the running consumers say."""

from typing import Protocol

from api_server.queries.attendance import ALIVE_WITHIN_S
from api_server.status.board import StatusBoard
from common.contracts.consumer_status import ConsumerStatus, OfferedModel
from common.contracts.detection import ModelInfo
from common.contracts.segment_job import AskedModel
from common.query_models import BUILT_IN, is_name

MODELS_MAX = 64
"""Of one analysis that are shown: what a consumer says is bounded here too."""


class QueryModels(Protocol):
    """Asked by requests. Must not block."""

    def offered(self, analysis: str) -> list[OfferedModel]: ...

    def asked(self, analysis: str, name: str) -> AskedModel | None: ...

    def in_use(self, analysis: str) -> ModelInfo | None: ...


class BoardModels:
    """From the status board. Safe on any thread."""

    def __init__(self, board: StatusBoard) -> None:
        self._board = board

    def offered(self, analysis: str) -> list[OfferedModel]:
        """The registry's first. `is_here`: some running consumer has the file."""
        models = {(one.name, one.sha256): one.model_copy(update={"is_here": False}) for one in _built_in(analysis)}
        taken = {one.name for one in _built_in(analysis)}
        for status in self._reports(analysis):
            for one in status.models:
                key = (one.name, one.sha256)
                if key in models:
                    if one.is_here:
                        models[key] = models[key].model_copy(update={"is_here": True})
                elif one.name not in taken and is_name(one.name) and len(models) < MODELS_MAX:
                    models[key] = one
        return list(models.values())

    def asked(self, analysis: str, name: str) -> AskedModel | None:
        """What a name stands for; None where nobody offers it. Of two files under one name, one that is there."""
        found = [one for one in self.offered(analysis) if one.name == name]
        if not found:
            return None
        best = next((one for one in found if one.is_here), found[0])
        return AskedModel(name=best.name, version=best.version, sha256=best.sha256)

    def in_use(self, analysis: str) -> ModelInfo | None:
        """What all running consumers search with unless another is named; None where nobody says, or they differ."""
        models = {s.model.model_dump_json(): s.model for s in self._reports(analysis) if s.model is not None}
        return next(iter(models.values())) if len(models) == 1 else None

    def _reports(self, analysis: str) -> list[ConsumerStatus]:
        """The newest first: its word on a name goes before what others said."""
        found = [
            status
            for status in self._board.statuses()
            if status.analysis == analysis
            and status.state not in ("stopped", "failed")
            and self._board.age_s(status) <= ALIVE_WITHIN_S
        ]
        return sorted(found, key=lambda status: status.at_us, reverse=True)


def _built_in(analysis: str) -> tuple[OfferedModel, ...]:
    return BUILT_IN.get(analysis, ())
