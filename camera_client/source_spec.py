"""Which source a SPEC names."""

from pathlib import Path

from camera_client.folder import PICTURE_ENDINGS, FolderSource
from camera_client.live import LiveSource, address_shots, webcam_shots
from camera_client.source import Source
from camera_client.video_file import VideoFileSource
from common.errors import ConfigurationError


def open_source(spec: str, fps: float, *, once: bool) -> Source:
    """The source that `spec` names: a webcam's number, a video file, a folder of pictures, or an address PyAV opens.

    Demo scenes are no sources: their pictures are made as JPEG (see `shutter.SceneShutter`). Raises ConfigurationError.
    """
    if spec.isdigit():
        return LiveSource(lambda: webcam_shots(int(spec)), once=once)
    path = Path(spec).expanduser()
    if path.is_dir() or (path.is_file() and path.suffix.lower() in PICTURE_ENDINGS):
        return FolderSource(path, fps, once=once)
    if path.is_file():
        return VideoFileSource(path, once=once)
    if "://" in spec:
        return LiveSource(lambda: address_shots(spec), once=once)
    raise ConfigurationError(f"--source {spec}: no such file or folder; a webcam is a number, an address has ://")
