"""Webcams and addresses (RTSP, HTTP MJPEG, ...) as a source: a thread keeps the newest picture only."""

import functools
import logging
import sys
import threading
from collections.abc import Callable, Generator

import av
import cv2
import numpy as np

from camera_client.picture import Picture
from camera_client.source import Shot, SourceEnded
from common.errors import Transient
from common.retry import Backoff

log = logging.getLogger(__name__)

OPEN_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 10.0
"""A camera that has sent nothing for so long is opened anew."""
FIRST_PICTURE_S = 15.0
"""How long `--once` waits for a picture."""
RECONNECT = Backoff(first_s=0.5, most_s=10.0)
_CLOSE_TIMEOUT_S = 2.0

ShotStream = Generator[Shot, None, None]


class LiveSource:
    """Runs `open_shots` on a thread of its own and opens it again, with growing pauses, whenever it ends or fails."""

    def __init__(self, open_shots: Callable[[], ShotStream], *, once: bool) -> None:
        self._open_shots, self._once = open_shots, once
        self._fresh = threading.Condition()  # guards _newest
        self._newest: Shot | None = None
        self._stop = threading.Event()
        self._is_given = False
        self._thread = threading.Thread(target=self._run, name="source", daemon=True)
        self._thread.start()

    def shot_at(self, _t_s: float) -> Shot | None:
        if self._once and self._is_given:
            raise SourceEnded("one picture was asked for")
        with self._fresh:
            if self._once:
                self._fresh.wait_for(lambda: self._newest is not None, FIRST_PICTURE_S)
                if self._newest is None:
                    raise SourceEnded(f"no picture came within {FIRST_PICTURE_S:.0f} s")
            shot, self._newest = self._newest, None
        self._is_given = self._is_given or shot is not None
        return shot

    def close(self) -> None:
        self._stop.set()
        self._thread.join(_CLOSE_TIMEOUT_S)  # a driver that hangs dies with the process: the thread is a daemon

    def _run(self) -> None:
        delays = RECONNECT.delays()
        while not self._stop.is_set():
            try:
                for shot in self._open_shots():
                    with self._fresh:
                        self._newest = shot
                        self._fresh.notify_all()
                    delays = RECONNECT.delays()
                    if self._stop.is_set():
                        return
                reason = "it ended"
            except Transient as error:
                reason = str(error)
            delay_s = next(delays)
            log.warning("source lost: %s; opened again in %.1f s", reason, delay_s)
            self._stop.wait(delay_s)


def webcam_shots(index: int) -> ShotStream:
    """Pictures of webcam number `index`. Raises Transient when it cannot be opened or read."""
    device = cv2.VideoCapture(index, cv2.CAP_V4L2 if sys.platform == "linux" else cv2.CAP_ANY)
    try:
        if not device.isOpened():
            raise Transient(f"webcam {index} cannot be opened (is it there, and is this user in group video?)")
        device.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        while True:
            is_read, picture = device.read()
            if not is_read:
                raise Transient(f"webcam {index} gives no more pictures")
            yield Shot(functools.partial(np.asarray, picture, np.uint8))
    finally:
        device.release()


def address_shots(address: str) -> ShotStream:
    """Pictures from an address FFmpeg can open. Raises Transient, without the address: it may carry a password."""
    # RTSP over TCP: a lost UDP packet would smear the picture until the next key frame.
    options = {"rtsp_transport": "tcp"} if address.startswith(("rtsp://", "rtsps://")) else {}
    try:
        with av.open(address, options=options, timeout=(OPEN_TIMEOUT_S, READ_TIMEOUT_S)) as container:
            if not container.streams.video:
                raise Transient("the address carries no video")
            stream = container.streams.video[0]
            stream.codec_context.flags |= av.codec.context.Flags.low_delay
            for frame in container.decode(stream):
                yield Shot(functools.partial(to_picture, frame))
    except (av.FFmpegError, OSError) as error:
        told = getattr(error, "strerror", None) or type(error).__name__
        raise Transient(f"the camera does not answer as expected ({told})") from error


def to_picture(frame: av.VideoFrame) -> Picture:
    """The frame as H x W x 3 BGR."""
    return np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
