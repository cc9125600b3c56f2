"""The demo cameras: who they are, their tokens, and the clients that play them.

`var/demo-cameras.json` is what the API server reads: {"demo-face": {"token": "lk_..."}, ...}. It makes each camera that
it does not have yet.
"""

from __future__ import annotations

import json
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path

from infra.native.child import Command
from infra.native.environment import service_environment
from infra.native.layout import VarFolder
from infra.native.server import write_file
from infra.native.services import reachable
from infra.native.settings import SystemSettings

SCENES = ("face", "cars")
FRAMES_PER_S = 10
SIZE = "640x480"


@dataclass(frozen=True)
class DemoCamera:
    """One camera that the launcher plays. `source` as `camera_client --source` takes it."""

    camera_id: str
    source: str


def choose_cameras(system: SystemSettings) -> tuple[DemoCamera, ...]:
    """The cameras to play: none with DEMO=0; the file VIDEO; else the scenes in turn.

    CAMERAS says how many; without it a file is played once, and each scene once.
    """
    launcher = system.launcher
    if not launcher.demo:
        return ()
    if launcher.video is not None:
        count = 1 if launcher.cameras is None else launcher.cameras
        return tuple(DemoCamera(numbered("demo-video", turn), str(launcher.video)) for turn in range(count))
    count = len(SCENES) if launcher.cameras is None else launcher.cameras
    return tuple(
        DemoCamera(
            numbered(f"demo-{SCENES[index % len(SCENES)]}", index // len(SCENES)), f"demo:{SCENES[index % len(SCENES)]}"
        )
        for index in range(count)
    )


def numbered(name: str, turn: int) -> str:
    """`demo-face`, `demo-face-2`, `demo-face-3`, ..."""
    return name if turn == 0 else f"{name}-{turn + 1}"


def demo_tokens(var: VarFolder, cameras: tuple[DemoCamera, ...]) -> dict[str, str]:
    """Camera id to token, for all demo cameras this system ever had; new ones are added to the file first."""
    path = var.demo_cameras
    known: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    missing = [camera.camera_id for camera in cameras if camera.camera_id not in known]
    if missing:
        # `lk_` and 43 base64url characters (DESIGN 10).
        known.update({camera_id: {"token": "lk_" + secrets.token_urlsafe(32)} for camera_id in missing})
        write_file(path, json.dumps(known, indent=1) + "\n")
    return {camera_id: entry["token"] for camera_id, entry in known.items()}


def token_file(var: VarFolder, camera_id: str, token: str) -> Path:
    """The token in a file of its own: on a command line every user of the machine could read it."""
    path = var.secrets / f"{camera_id}.token"
    write_file(path, token + "\n")
    return path


def camera_commands(system: SystemSettings, cameras: tuple[DemoCamera, ...]) -> list[Command]:
    """One camera client per demo camera."""
    tokens = demo_tokens(system.var, cameras)
    server = f"http://{reachable(system.launcher.ingest_bind)}:{system.ports.ingest}"
    environment = service_environment(system)
    return [
        Command(
            camera.camera_id,
            (
                sys.executable, "-m", "camera_client", "--source", camera.source, "--server", server,
                "--camera", camera.camera_id, "--fps", str(FRAMES_PER_S), "--size", SIZE,
                "--token-file", str(token_file(system.var, camera.camera_id, tokens[camera.camera_id])),
            ),
            environment,
            stop_s=10.0,
        )
        for camera in cameras
    ]  # fmt: skip
