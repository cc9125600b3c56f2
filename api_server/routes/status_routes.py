"""How far behind every camera is, and who works on it."""

from pydantic import BaseModel, Field

from api_server.access.permission import Action, may, may_on_any
from api_server.access.rules import SignedIn
from api_server.cameras.camera import Camera
from api_server.cameras.store import CameraStore
from api_server.database.port import Database
from api_server.http.route import Call, Reply, Route
from api_server.routes.parameters import LongPageQuery
from api_server.routes.state_answer import CameraStateAnswer, CameraStates
from api_server.routes.visible import by_creation
from api_server.status.board import SILENT_AFTER_S, StatusBoard
from api_server.status.lag import LagState, Report, lag_of
from common.clock import Clock


class CameraLagAnswer(BaseModel):
    """One camera in one consumer: records not settled, and seconds since the log time of the oldest of them."""

    camera: str
    partition: int
    lag_messages: int
    lag_s: float


class ConsumerAnswer(BaseModel):
    """One consumer process. `is_silent`: it has not reported for ten seconds. Only cameras you may see are listed."""

    instance: str
    analysis: str
    state: str
    reason: str | None
    is_silent: bool
    age_s: float
    threads: int
    in_flight: int
    unsettled_windows: int
    partitions: list[int]
    counts: dict[str, int]
    stage_ms: dict[str, float]
    cameras: list[CameraLagAnswer]


class AnalysisLagAnswer(BaseModel):
    """How far one analysis is behind with one camera; the lags are null when nobody works on it."""

    analysis: str
    state: LagState
    instance: str | None
    reason: str | None
    lag_messages: int | None
    lag_s: float | None


class CameraStatusAnswer(BaseModel):
    """One camera and each analysis switched on for it."""

    camera: str
    state: CameraStateAnswer
    partition: int
    analyses: list[AnalysisLagAnswer]


class StatusAnswer(BaseModel):
    """`next`: the cursor of the following cameras, null on the last page. `consumers` is empty on pages after the
    first, and for who may not see every camera: counts of a process are those of all its cameras."""

    now_us: int
    cameras: list[CameraStatusAnswer]
    next: str | None
    consumers: list[ConsumerAnswer] = Field(description="Every process, for admins.")
    light_database: bool | None = Field(description="Whether the database is for small installations; for admins.")


def status_routes(cameras: CameraStore, board: StatusBoard, database: Database, clock: Clock) -> list[Route]:
    """`GET /v1/status`."""

    def reports() -> list[Report]:
        aged = ((status, board.age_s(status)) for status in board.statuses())
        return [Report(status, age_s, age_s > SILENT_AFTER_S) for status, age_s in aged]

    def show(call: Call) -> Reply:
        said = reports()
        query, found = call.take_query(LongPageQuery), cameras.active()
        permitted = (c for c in found if may(call.subject, Action.STATUS_VIEW, c.facts))
        shown, cursor = query.cut(permitted, by_creation, rises=True)
        states = CameraStates(board, clock).of(*(c.id for c in shown))
        sees_all = may_on_any(call.subject, Action.STATUS_VIEW)
        return Reply(
            StatusAnswer(
                now_us=clock.wall_us(),
                cameras=[_camera(camera, said, states[camera.id]) for camera in shown],
                next=cursor,
                consumers=[_consumer(report) for report in said] if sees_all and query.cursor is None else [],
                light_database=database.is_light if sees_all else None,
            )
        )

    return [
        Route(
            "GET",
            "/v1/status",
            SignedIn(Action.STATUS_VIEW),
            show,
            "For every camera, how far each analysis is behind.",
            query=LongPageQuery,
            answer=StatusAnswer,
        )
    ]


def _camera(camera: Camera, said: list[Report], state: CameraStateAnswer) -> CameraStatusAnswer:
    lags = [lag_of(analysis.name, camera.id, camera.partition, said) for analysis in camera.analyses]
    return CameraStatusAnswer(
        camera=camera.id,
        state=state,
        partition=camera.partition,
        analyses=[
            AnalysisLagAnswer(
                analysis=lag.analysis,
                state=lag.state,
                instance=lag.instance,
                reason=lag.reason,
                lag_messages=lag.lag_messages,
                lag_s=lag.lag_s,
            )
            for lag in lags
        ],
    )


def _consumer(report: Report) -> ConsumerAnswer:
    status = report.status
    return ConsumerAnswer(
        instance=status.instance,
        analysis=status.analysis,
        state=status.state,
        reason=status.reason,
        is_silent=report.is_silent,
        age_s=round(report.age_s, 1),
        threads=status.threads,
        in_flight=status.in_flight,
        unsettled_windows=status.unsettled_windows,
        partitions=[p.partition for p in status.partitions],
        counts=status.counts,
        stage_ms=status.stage_ms,
        cameras=[CameraLagAnswer.model_validate(camera.model_dump()) for camera in status.cameras],
    )
