"""Who may post frames for a camera: the bearer of one of its tokens, nobody else."""

import hmac

from common.camera_directory import CameraDirectory
from common.contracts.camera_settings import CameraSettings
from common.contracts.identity import hash_token, is_camera_id, is_token
from producer_service.refusal import BAD_TOKEN, SETTINGS_NOT_READ, UNKNOWN_CAMERA, Refusal

_SCHEME = "bearer "


def authorize(directory: CameraDirectory, camera: str, authorization: str | None) -> CameraSettings:
    """The settings of `camera`, if the header `Authorization` carries one of its tokens. Raises Refusal.

    In this order: settings not read (503), no such camera (404), no or a wrong token (401).
    """
    problem = directory.problem()
    if problem is not None:
        raise Refusal(SETTINGS_NOT_READ, problem)
    settings = directory.find(camera) if is_camera_id(camera) else None
    if settings is None:
        raise Refusal(UNKNOWN_CAMERA, "There is no such camera.")
    if not is_token_of(settings, authorization):
        raise Refusal(BAD_TOKEN, "The camera's token is missing or wrong: send 'Authorization: Bearer lk_...'.")
    return settings


def is_token_of(settings: CameraSettings, authorization: str | None) -> bool:
    """Whether the header carries a token whose hash the camera has. Takes the same time for every wrong token."""
    if authorization is None or authorization[: len(_SCHEME)].lower() != _SCHEME:
        return False
    token = authorization[len(_SCHEME) :].strip()
    if not is_token(token):
        return False
    presented = hash_token(token).encode()
    is_known = False
    # All hashes are compared, always: a rotation keeps the old token beside the new one for a while.
    for known in settings.token_hashes:
        is_known |= hmac.compare_digest(presented, known.encode())
    return is_known
