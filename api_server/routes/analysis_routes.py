"""What a camera's pictures can be analysed for, and what can be set for each."""

from typing import Any

from pydantic import BaseModel

from api_server.access.permission import Action
from api_server.access.rules import SignedIn
from api_server.cameras.requests import RETENTION_MAX_HOURS, RETENTION_MIN_HOURS
from api_server.http.route import Call, Reply, Route
from api_server.queries.models import QueryModels
from api_server.queries.requests import ANALYSES as QUERIED
from api_server.status.analysis_notes import AnalysisNotes
from common.contracts.analysis_options import ANALYSES, AnalysisSpec, OptionKind, OptionSpec
from common.contracts.camera_settings import DEFAULT_EVERY_MS, PURPOSE_FIELDS
from common.contracts.consumer_status import OfferedModel
from common.contracts.detection import ModelInfo
from common.contracts.frame import CLIP_MS_MAX, CLIP_MS_MIN, EVERY_MS_MAX
from common.query_models import said_of


class ChoiceAnswer(BaseModel):
    """A value and what people read."""

    value: str
    title: str


class OptionAnswer(BaseModel):
    """One option. `kind`: `choice`, one of `choices`; `choices`, some of them or of `further`; `words`, texts of one's
    own; `number`; `switch`, true or false."""

    name: str
    title: str
    help: str
    kind: OptionKind
    default: Any
    choices: list[ChoiceAnswer]
    further: list[str]
    minimum: float | None
    maximum: float | None
    step: float | None
    count_max: int
    char_max: int


class ModelAnswer(BaseModel):
    """A model that a query may name. `version`: `own` where a person put it into MODEL_DIR. `here`: a running consumer
    has its file. `accuracy`: what was measured of it."""

    name: str
    version: str
    sha256: str | None
    here: bool
    accuracy: str


class OfferedAnalysis(BaseModel):
    """One analysis. `every_ms`: its usual search interval; null: it takes every frame. `queries`: whether queries can
    run it, and which `models` they may name; `model`: what is used where none is named, null where no consumer says.
    `purpose`: the field in which a purpose has to be stated before it runs, null where it needs none; `note`: why
    nothing comes of it, where nobody works on it."""

    name: str
    title: str
    help: str
    every_ms: int | None
    options: list[OptionAnswer]
    queries: bool
    models: list[ModelAnswer]
    model: ModelInfo | None
    purpose: str | None
    note: str | None


class AnalysesAnswer(BaseModel):
    """All of them, and the bounds of what is set beside them."""

    analyses: list[OfferedAnalysis]
    every_ms_max: int
    clip_ms_min: int
    clip_ms_max: int
    retention_hours_min: int
    retention_hours_max: int


def _option(spec: OptionSpec) -> OptionAnswer:
    return OptionAnswer(
        name=spec.name,
        title=spec.title,
        help=spec.help,
        kind=spec.kind,
        default=spec.default,
        choices=[ChoiceAnswer(value=one.value, title=one.title) for one in spec.choices],
        further=list(spec.further),
        minimum=spec.minimum,
        maximum=spec.maximum,
        step=spec.step,
        count_max=spec.count_max,
        char_max=spec.char_max,
    )


def _model(model: OfferedModel) -> ModelAnswer:
    return ModelAnswer(
        name=model.name,
        version=model.version,
        sha256=model.sha256,
        here=model.is_here,
        accuracy=said_of(model.name),
    )


def _analysis(name: str, spec: AnalysisSpec, models: QueryModels, note: str | None) -> OfferedAnalysis:
    return OfferedAnalysis(
        name=name,
        title=spec.title,
        help=spec.help,
        every_ms=DEFAULT_EVERY_MS[name],
        options=[_option(option) for option in spec.options],
        queries=name in QUERIED,
        models=[_model(model) for model in models.offered(name)],
        model=models.in_use(name),
        purpose=PURPOSE_FIELDS.get(name),
        note=note,
    )


def analysis_routes(models: QueryModels, notes: AnalysisNotes) -> list[Route]:
    """`GET /v1/analyses`."""

    def show(_call: Call) -> Reply:
        return Reply(
            AnalysesAnswer(
                analyses=[_analysis(name, spec, models, notes.of(name)) for name, spec in ANALYSES.items()],
                every_ms_max=EVERY_MS_MAX,
                clip_ms_min=CLIP_MS_MIN,
                clip_ms_max=CLIP_MS_MAX,
                retention_hours_min=RETENTION_MIN_HOURS,
                retention_hours_max=RETENTION_MAX_HOURS,
            )
        )

    return [
        Route(
            "GET",
            "/v1/analyses",
            SignedIn(Action.CAMERA_VIEW),
            show,
            "What pictures of a camera can be analysed for, what can be set, and the models that queries may name.",
            answer=AnalysesAnswer,
        )
    ]
