"""The state of a camera as people get it."""

from pydantic import BaseModel

from api_server.status.board import StatusBoard
from api_server.status.camera_state import CameraState, Flow, newest_flows, state_of
from common.clock import Clock


class CameraStateAnswer(BaseModel):
    """Whether pictures come. `flow`: `live`; `stalled`: they came until a moment ago; `offline`: none for a minute.
    `skew_s`: how far the camera's clock is ahead, where it says when it takes its pictures. Null: nobody knows."""

    flow: Flow
    last_frame_us: int | None
    last_frame_age_s: float | None
    frames_per_s: float | None
    skew_s: float | None


class CameraStates:
    """Safe on any thread; never blocks."""

    def __init__(self, board: StatusBoard, clock: Clock) -> None:
        self._board = board
        self._clock = clock

    def of(self, *camera_ids: str) -> dict[str, CameraStateAnswer]:
        """Of each of these, by id."""
        flows, now_us = newest_flows(self._board.statuses()), self._clock.wall_us()
        return {camera: state_answer(state_of(flows.get(camera), now_us)) for camera in camera_ids}


def state_answer(state: CameraState) -> CameraStateAnswer:
    return CameraStateAnswer(
        flow=state.flow,
        last_frame_us=state.last_frame_us,
        last_frame_age_s=state.age_s,
        frames_per_s=state.frames_per_s,
        skew_s=state.skew_s,
    )
