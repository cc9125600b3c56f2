"""A camera's tokens: which work, and ending one that was replaced. Making a new one is in `camera_routes`."""

import hashlib

from pydantic import BaseModel

from api_server.access.permission import Action
from api_server.access.rules import OnCamera
from api_server.cameras.registry import CameraRegistry
from api_server.http.errors import not_found
from api_server.http.route import Call, Reply, Route


class CameraTokenAnswer(BaseModel):
    """A token that works. `newest`: it ends when it is replaced; `ends_us`: until when a replaced one works."""

    id: str
    newest: bool
    ends_us: int | None


class CameraTokenList(BaseModel):
    """The newest first."""

    tokens: list[CameraTokenAnswer]


def token_handle(token_hash: str) -> str:
    """A name for a token that says nothing of its hash."""
    return "ct-" + hashlib.sha256(f"camera token {token_hash}".encode()).hexdigest()[:16]


def camera_token_routes(registry: CameraRegistry) -> list[Route]:
    """`GET /v1/cameras/{camera_id}/tokens`, `DELETE /v1/cameras/{camera_id}/tokens/{camera_token_id}`."""

    def list_all(call: Call) -> Reply:
        found = [
            CameraTokenAnswer(id=token_handle(one), newest=ends_us is None, ends_us=ends_us)
            for one, ends_us in ((one, call.camera.ends_us(one)) for one in reversed(call.camera.token_hashes))
        ]
        return Reply(CameraTokenList(tokens=found))

    def end(call: Call) -> Reply:
        replaced = call.camera.token_hashes[:-1]
        wanted = next((one for one in replaced if token_handle(one) == call.path["camera_token_id"]), None)
        if wanted is None or registry.end_token(call.camera.id, wanted) is None:
            raise not_found()
        return Reply()

    one, rule = "/v1/cameras/<camera_id>/tokens", OnCamera(Action.CAMERA_TOKEN)
    return [
        Route("GET", one, rule, list_all, "The tokens of a camera that work.", answer=CameraTokenList),
        Route(
            "DELETE",
            f"{one}/<camera_token_id>",
            rule,
            end,
            "End a replaced token now. The newest ends by making a newer one.",
            status=204,
        ),
    ]
