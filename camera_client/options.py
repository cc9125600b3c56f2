"""The command line, read and checked."""

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from camera_client.picture import QUALITY_DEFAULT
from common.contracts.identity import CAMERA_ID_PATTERN, is_camera_id, is_token

FPS_MAX = 60.0
SIDE_MIN, SIDE_MAX = 16, 8_192
_SIZE = re.compile(r"^(\d{1,5})x(\d{1,5})$")


@dataclass(frozen=True, slots=True)
class Options:
    """What the person asked for. `size`: width, height in px, None: as the source has it. `quality` None: 80."""

    source: str
    server: str
    camera: str
    token: str = field(repr=False)
    fps: float
    quality: int | None = None
    size: tuple[int, int] | None = None
    once: bool = False
    preview: bool = False
    stripe: bool = False
    frames: int | None = None
    journal: Path | None = None


def parse_options(arguments: Sequence[str] | None = None) -> Options:
    """Exits with a sentence, as argparse does, when something is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m camera_client",
        description="Sends pictures of a webcam, a file, a folder, an IP camera or a demo scene to a lookout server.",
        epilog="The last line is JSON and says what became of the frames. Exit status: 0 well, 1 refused, 2 wrong use.",
    )
    add = parser.add_argument
    add("--source", required=True, metavar="SPEC", help="webcam number, file, folder, rtsp://..., demo:face, demo:cars")
    add("--server", required=True, metavar="URL", help="address of the ingest, e.g. http://192.168.1.10:8080")
    add("--camera", required=True, metavar="ID", help="camera id")
    token = parser.add_mutually_exclusive_group(required=True)
    token.add_argument(
        "--token", metavar="T", help="camera token; anybody on this computer sees it in the process list"
    )
    token.add_argument("--token-file", type=Path, metavar="FILE", help="file that holds the token and nothing else")
    add("--fps", type=_fps, default=10.0, metavar="N", help="frames per second (10)")
    add("--quality", type=_quality, metavar="Q", help=f"JPEG quality 1 to 100 ({QUALITY_DEFAULT})")
    add("--size", type=_size, metavar="WxH", help="scale into this size (demo scenes: 640x480)")
    add("--once", action="store_true", help="one pass through a file or folder, one picture of anything else")
    add("--frames", type=_count, metavar="N", help="stop after so many frames")
    add("--preview", action="store_true", help="show the pictures on a page of this computer")
    add("--stripe", action="store_true", help="draw the machine-readable stripe (demo scenes always do)")
    add("--journal", type=Path, metavar="FILE", help="append what became of each frame, one JSON line each")
    given = parser.parse_args(arguments)
    if not is_camera_id(given.camera):
        parser.error(f"--camera {given.camera}: not a camera id ({CAMERA_ID_PATTERN})")
    try:
        secret = given.token if given.token is not None else given.token_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        parser.error(f"--token-file {given.token_file}: {error}")
    if not is_token(secret):
        parser.error("the token does not look like one (lk_ and 43 characters)")
    return Options(
        source=given.source,
        server=given.server,
        camera=given.camera,
        token=secret,
        fps=given.fps,
        quality=given.quality,
        size=given.size,
        once=given.once,
        preview=given.preview,
        stripe=given.stripe,
        frames=given.frames,
        journal=given.journal,
    )


def _fps(text: str) -> float:
    value = float(text)
    if not 0 < value <= FPS_MAX:
        raise argparse.ArgumentTypeError(f"more than 0 and at most {FPS_MAX:.0f} frames per second")
    return value


def _quality(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 100:
        raise argparse.ArgumentTypeError("1 to 100")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return value


def _size(text: str) -> tuple[int, int]:
    match = _SIZE.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError("like 640x480")
    width, height = int(match[1]), int(match[2])
    if not (SIDE_MIN <= width <= SIDE_MAX and SIDE_MIN <= height <= SIDE_MAX):
        raise argparse.ArgumentTypeError(f"sides of {SIDE_MIN} to {SIDE_MAX} px")
    return width, height
