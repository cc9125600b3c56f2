"""The encoder of one open window: H.264 in MP4, one thread, real capture timestamps."""

import contextlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from av.video.frame import PictureType

from common.errors import EncoderFailure
from consumers.pipeline.analysis import Picture
from consumers.pipeline.encoder.mp4_boxes import check_streamable

TIME_BASE = Fraction(1, 1000)
NOMINAL_RATE = 30
"""Frames/s the rate control and the level assume. Shown times are those of the frames; a VFR mode of x264 would spend
three times the bits on a camera of 10 frames/s."""
KEY_FRAME_MS = 5_000
"""A player can jump to every 5 s, whatever the camera's rate; recorded video is cut into parts here too."""
LAST_FRAME_MS = 100
"""Shown time of a clip's only frame."""
LAST_FRAME_MAX_MS = 1_000
"""A camera that paused before its last frame does not make that frame stand for minutes."""
ENCODER_OPTIONS = {"preset": "superfast", "tune": "zerolatency", "aq-mode": "0"}
"""Of x264. Its adaptive quantisation takes an eighth of the encoder's time to give flat areas more bits; what is
written on things and faces has more of them without it, and files are a fifth smaller (docs/accuracy.md)."""
BT601, LIMITED_RANGE = 6, 1
"""What `cv2.cvtColor` computes (ITU-T H.273: matrix 6, range 0 = limited, which libav numbers 1). Without the tag
players take BT.709 for larger pictures and shift the colours."""
ANY_PICTURE, KEY_PICTURE = int(PictureType.NONE), int(PictureType.I)
_ERRORS = (av.error.FFmpegError, cv2.error, OSError, ValueError, MemoryError)


class ClipWriter:
    """Writes one file. One thread at a time; encoding releases the interpreter lock.

    `on_bytes` hears after every frame how many bytes of video there are. Every failure of encoder or disk is an
    EncoderFailure; after one only `abort` may be called.
    """

    def __init__(self, path: Path, width: int, height: int, on_bytes: Callable[[int], None] = lambda _n: None) -> None:
        self._path = path
        self._on_bytes = on_bytes
        self._shape = (height, width, 3)
        self._planes = np.empty((height * 3 // 2, width), np.uint8)
        self._held: Any = None  # the last packet, until the next one tells how long it is shown
        self._last_delta_ms = LAST_FRAME_MS
        self._key_at_ms: int | None = None
        self._video_bytes = 0
        try:
            self._open(width, height)
        except _ERRORS as error:
            self.abort()
            raise EncoderFailure(f"cannot open the encoder for {width}x{height}: {error}") from error

    def _open(self, width: int, height: int) -> None:
        self._container: Any = None
        options = {"movflags": "+faststart", "video_track_timescale": "1000"}
        self._container = av.open(str(self._path), "w", format="mp4", options=options)
        stream = self._container.add_stream("libx264", rate=NOMINAL_RATE)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.time_base = stream.codec_context.time_base = TIME_BASE
        stream.codec_context.thread_count = 1
        stream.codec_context.colorspace = BT601
        stream.codec_context.color_range = LIMITED_RANGE
        stream.codec_context.options = ENCODER_OPTIONS
        self._container.start_encoding()  # opens file and encoder now, so that what is wrong is said here
        self._stream: Any = stream
        # One frame over one buffer, for the encoder copies what it keeps. PyAV 18 rounds the height of such a frame
        # down to a multiple of 4: other heights get a new frame each.
        self._shared: Any = None
        if height % 4 == 0:
            self._shared = av.VideoFrame.from_numpy_buffer(self._planes, format="yuv420p")
            self._shared.time_base = TIME_BASE

    def write(self, picture: Picture, pts_ms: int) -> None:
        """Encode one picture of exactly the clip's size. `pts_ms` must grow. Raises EncoderFailure."""
        if picture.shape != self._shape:
            # OpenCV would leave the buffer as it is, and the last picture would be encoded again.
            raise EncoderFailure(f"a picture of {picture.shape} in a clip of {self._shape}")
        try:
            cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420, dst=self._planes)
            frame = self._shared
            if frame is None:
                frame = av.VideoFrame.from_ndarray(self._planes, format="yuv420p")
                frame.time_base = TIME_BASE
            frame.pts = pts_ms
            frame.pict_type = self._picture_type(pts_ms)
            # Tuned for no latency x264 gives one packet for a picture: asking for a second one gives the interpreter
            # lock up three times more. An encoder that held pictures back would fail here, or in `finish` lose none.
            packet = next(self._stream.codec_context.encode_lazy(frame), None)
            if packet is not None:
                packet.stream = self._stream
                self._mux(packet)
        except _ERRORS as error:
            raise EncoderFailure(f"the encoder failed at {pts_ms} ms: {error}") from error
        self._on_bytes(self._video_bytes)

    def finish(self) -> int:
        """Complete the file, index first; its size in bytes. Raises EncoderFailure."""
        try:
            for packet in self._stream.encode(None):
                self._mux(packet)
            if self._held is not None:
                self._held.duration = min(LAST_FRAME_MAX_MS, self._last_delta_ms)
                self._container.mux(self._held)
            self._container.close()
            check_streamable(self._path)
            size = self._path.stat().st_size
        except _ERRORS as error:
            raise EncoderFailure(f"the clip could not be finished: {error}") from error
        self._let_go()
        return size

    def abort(self) -> None:
        """Close and delete whatever there is. Idempotent, raises nothing."""
        if self._container is not None:
            with contextlib.suppress(*_ERRORS):
                self._container.close()
        self._let_go()
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _picture_type(self, pts_ms: int) -> int:
        if self._key_at_ms is None or pts_ms - self._key_at_ms >= KEY_FRAME_MS:
            self._key_at_ms = pts_ms
            return KEY_PICTURE
        return ANY_PICTURE

    def _mux(self, packet: Any) -> None:
        self._video_bytes += packet.size
        if self._held is not None:
            self._last_delta_ms = packet.pts - self._held.pts
            self._held.duration = self._last_delta_ms
            self._container.mux(self._held)
        self._held = packet

    def _let_go(self) -> None:
        # The encoder's memory is freed with its last reference, not by closing the container.
        self._container = self._stream = self._shared = self._held = None
