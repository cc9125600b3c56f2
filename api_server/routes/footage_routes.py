"""What a camera recorded from one moment to another: played and downloaded as one video."""

from datetime import UTC, datetime

from flask import Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api_server.access.permission import Action
from api_server.access.rules import OnCamera
from api_server.http.errors import ApiError, unavailable
from api_server.http.route import Call, Reply, Route
from api_server.recordings.join import JoinBusy, JoinRefused, SpanJoiner
from api_server.recordings.joined_video import JoinedReader, JoinedVideo
from api_server.routes.parameters import TimeMs
from api_server.routes.streaming import StoredVideo, VideoSender
from common.storage.clips import VIDEO_TYPE
from common.storage.port import ObjectStore


class FootageQuery(BaseModel):
    """Pictures of [`from`, `to`), capture time."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    from_ms: TimeMs = Field(alias="from")
    to_ms: TimeMs = Field(alias="to")

    @model_validator(mode="after")
    def _is_a_time(self) -> "FootageQuery":
        if self.from_ms >= self.to_ms:
            raise ValueError("from must lie before to")
        return self


class FootageVideoQuery(FootageQuery):
    """`download=1`: as a file with a name that says what it is."""

    download: bool = False


class GapAnswer(BaseModel):
    """Nothing was recorded in between."""

    from_us: int
    to_us: int


class FootageAnswer(BaseModel):
    """What `video` holds. `t0_us`, `end_us`: wall time of its first and last picture."""

    camera: str
    t0_us: int
    end_us: int
    duration_ms: int
    frames: int
    clips: int
    bytes: int
    width: int
    height: int
    gaps: list[GapAnswer]
    video: str


class FootageViews:
    """Safe on any thread."""

    def __init__(self, joiner: SpanJoiner, store: ObjectStore, sender: VideoSender) -> None:
        self._joiner = joiner
        self._store = store
        self._sender = sender

    def show(self, call: Call) -> Reply:
        asked = call.take_query(FootageQuery)
        video = self._joined(call.camera.id, asked)
        return Reply(
            FootageAnswer(
                camera=call.camera.id,
                t0_us=video.t0_us,
                end_us=video.end_us,
                duration_ms=video.duration_ms,
                frames=video.frames,
                clips=len(video.pieces),
                bytes=video.size,
                width=video.width,
                height=video.height,
                gaps=[GapAnswer(from_us=gap.from_us, to_us=gap.to_us) for gap in video.gaps],
                video=f"/v1/cameras/{call.camera.id}/footage/video?from={asked.from_ms}&to={asked.to_ms}",
            )
        )

    def video(self, call: Call) -> Response:
        asked = call.take_query(FootageVideoQuery)
        video = self._joined(call.camera.id, asked)
        name = f"{call.camera.id}_{_stamp(video.t0_us)}_{_stamp(video.end_us)}.mp4"
        reader = JoinedReader(self._store, video)
        sent = StoredVideo("", video.size, f'"{video.tag}"', name, VIDEO_TYPE, reader)
        return self._sender.send(sent, asked.download)

    def _joined(self, camera_id: str, asked: FootageQuery) -> JoinedVideo:
        try:
            return self._joiner.join(camera_id, asked.from_ms * 1000, asked.to_ms * 1000)
        except JoinRefused as error:
            raise ApiError(error.status, error.code, str(error)) from error
        except JoinBusy as error:
            raise unavailable("Too many videos are being put together at once. Try again in a moment.") from error


def _stamp(at_us: int) -> str:
    return f"{datetime.fromtimestamp(at_us / 1_000_000, UTC):%Y-%m-%dT%H-%M-%SZ}"


def footage_routes(views: FootageViews) -> list[Route]:
    one, rule = "/v1/cameras/<camera_id>/footage", OnCamera(Action.RECORDING_VIEW)
    return [
        Route(
            "GET",
            one,
            rule,
            views.show,
            "What a camera recorded in a time, as one video would hold it.",
            query=FootageQuery,
            answer=FootageAnswer,
            errors=(413, 422),
        ),
        Route(
            "GET",
            f"{one}/video",
            rule,
            views.video,
            "What a camera recorded in a time as one video, whole or by Range: the pictures as they are stored.",
            query=FootageVideoQuery,
            media=VIDEO_TYPE,
            errors=(413, 416, 422),
        ),
    ]
