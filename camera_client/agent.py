"""The capture loop: keeps the pace, names each frame, hands it to the sender."""

import logging
import math
import threading

from camera_client.frame_buffer import Frame, FrameBuffer
from camera_client.preview import Preview
from camera_client.sender import Sender
from camera_client.shutter import Shutter
from camera_client.source import SourceEnded
from camera_client.stripe import StripeMark
from common.clock import Clock
from common.deadline import Deadline

log = logging.getLogger(__name__)

_STOP_CHECK_S = 0.2


class Agent:
    """Runs on the main thread. Frames are numbered when they are taken, so a dropped one leaves a gap in `seq`."""

    def __init__(
        self,
        camera: str,
        session: str,
        shutter: Shutter,
        buffer: FrameBuffer,
        fps: float,
        clock: Clock,
        preview: Preview | None = None,
        frames: int | None = None,
        *,
        is_patient: bool = False,
    ) -> None:
        self._camera, self._session = camera, session
        self._shutter, self._buffer, self._preview = shutter, buffer, preview
        self._fps, self._frames, self._clock = fps, frames, clock
        self._is_patient = is_patient

    def capture(self, stop: threading.Event) -> int:
        """Take frames until told to stop, the source ends, or the sender has given up. Returns how many were taken."""
        start_s = self._clock.monotonic_s()
        tick = seq = 0
        while not stop.is_set() and not self._buffer.is_closed and (self._frames is None or seq < self._frames):
            wait_s = start_s + tick / self._fps - self._clock.monotonic_s()
            if wait_s > 0:
                self._clock.sleep(min(wait_s, _STOP_CHECK_S))
                continue
            if self._is_patient and not self._buffer.wait_for_room(_STOP_CHECK_S):
                continue
            captured_us = self._clock.wall_us()
            try:
                jpeg = self._shutter.shoot(tick, StripeMark.of(self._camera, self._session, seq))
            except SourceEnded as ended:
                log.info("source ended: %s", ended)
                break
            if jpeg is not None:
                self._buffer.put(Frame(seq, captured_us, jpeg))
                if self._preview is not None:
                    self._preview.show(jpeg)
                seq += 1
            # A computer that cannot keep up leaves ticks out, it never hurries after them; a single pass has them all.
            due = 0 if self._is_patient else math.ceil((self._clock.monotonic_s() - start_s) * self._fps)
            tick = max(tick + 1, due)
        return seq


def run_agent(
    agent: Agent, sender: Sender, buffer: FrameBuffer, stop: threading.Event, drain_s: float, clock: Clock
) -> int:
    """Capture on this thread and send on another; afterwards what is held is still sent for up to `drain_s` seconds."""
    thread = threading.Thread(target=sender.run, name="sender", daemon=True)
    thread.start()
    try:
        return agent.capture(stop)
    finally:
        buffer.close()
        until = Deadline(drain_s, clock)
        while thread.is_alive() and not until.is_over:
            if stop.is_set():
                sender.stop_waiting()
            thread.join(_STOP_CHECK_S)
