"""What a camera's pictures can be analysed for, and what can be set for each."""

from typing import Any

from pydantic import BaseModel

from api_server.access.permission import Action
from api_server.access.rules import SignedIn
from api_server.cameras.requests import RETENTION_MAX_HOURS, RETENTION_MIN_HOURS
from api_server.http.route import Call, Reply, Route
from common.contracts.analysis_options import ANALYSES, AnalysisSpec, OptionKind, OptionSpec
from common.contracts.camera_settings import DEFAULT_EVERY_MS
from common.contracts.frame import CLIP_MS_MAX, CLIP_MS_MIN, EVERY_MS_MAX


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


class OfferedAnalysis(BaseModel):
    """One analysis. `every_ms`: its usual search interval; null: it takes every frame."""

    name: str
    title: str
    help: str
    every_ms: int | None
    options: list[OptionAnswer]


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


def _analysis(name: str, spec: AnalysisSpec) -> OfferedAnalysis:
    return OfferedAnalysis(
        name=name,
        title=spec.title,
        help=spec.help,
        every_ms=DEFAULT_EVERY_MS[name],
        options=[_option(option) for option in spec.options],
    )


def analysis_routes() -> list[Route]:
    """`GET /v1/analyses`."""
    answer = AnalysesAnswer(
        analyses=[_analysis(name, spec) for name, spec in ANALYSES.items()],
        every_ms_max=EVERY_MS_MAX,
        clip_ms_min=CLIP_MS_MIN,
        clip_ms_max=CLIP_MS_MAX,
        retention_hours_min=RETENTION_MIN_HOURS,
        retention_hours_max=RETENTION_MAX_HOURS,
    )

    def show(_call: Call) -> Reply:
        return Reply(answer)

    return [
        Route(
            "GET",
            "/v1/analyses",
            SignedIn(Action.CAMERA_VIEW),
            show,
            "What pictures of a camera can be analysed for, and what can be set.",
            answer=AnalysesAnswer,
        )
    ]
