"""What a new account is granted to begin with: nothing, or the demo cameras where a setting says so."""

from collections.abc import Mapping

from api_server.access.permission import takes_grants
from api_server.access.subject import Right, Role
from api_server.cameras.demo import DEMO_PREFIX
from api_server.cameras.store import CameraStore


class FirstGrants:
    """`has_demo`: the demo cameras that are there. Safe on any thread."""

    def __init__(self, cameras: CameraStore, has_demo: bool) -> None:
        self._cameras = cameras
        self._has_demo = has_demo

    def of(self, role: Role) -> Mapping[str, Right]:
        """The most that the role can have on each. Raises Transient."""
        rights = takes_grants(role)
        if not self._has_demo or not rights:
            return {}
        right = Right.OPERATE if Right.OPERATE in rights else Right.VIEW
        return {camera.id: right for camera in self._cameras.active() if camera.id.startswith(DEMO_PREFIX)}
