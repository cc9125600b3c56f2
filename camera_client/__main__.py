"""`python -m camera_client`: the agent beside a camera."""

import contextlib
import signal
import sys
import threading
from collections.abc import Sequence

from camera_client.agent import Agent, run_agent
from camera_client.connection import REQUEST_TIMEOUT_S, IngestConnection
from camera_client.demo import SCENES
from camera_client.frame_buffer import FrameBuffer
from camera_client.journal import FileJournal, NoJournal
from camera_client.options import Options, parse_options
from camera_client.picture import QUALITY_DEFAULT
from camera_client.preview import Preview
from camera_client.sender import GIVE_UP_S, GRACE_S, Sender
from camera_client.shutter import SceneShutter, Shutter, SourceShutter
from camera_client.source_spec import open_source
from camera_client.stripe import WIDTH_MIN
from camera_client.tally import Outcome, Tally
from common.clock import SystemClock
from common.contracts.identity import make_session
from common.errors import ConfigurationError
from common.logs import configure_logging

DEMO_PREFIX = "demo:"


def build_shutter(options: Options) -> Shutter:
    """The shutter for `--source`. Raises ConfigurationError."""
    if not options.source.startswith(DEMO_PREFIX):
        source = open_source(options.source, options.fps, once=options.once)
        return SourceShutter(source, options.fps, quality=options.quality, size=options.size, stripe=options.stripe)
    scene = SCENES.get(options.source.removeprefix(DEMO_PREFIX))
    if scene is None:
        raise ConfigurationError(f"--source {options.source}: the scenes are demo:{', demo:'.join(SCENES)}")
    width, height = options.size or (640, 480)
    if width < WIDTH_MIN or height < 120:
        raise ConfigurationError(f"a demo scene is at least {WIDTH_MIN}x120")
    return SceneShutter(scene(width, height), options.fps, options.quality or QUALITY_DEFAULT)


def run(options: Options, stop: threading.Event) -> int:
    """Send until `stop` is set or the source ends; print the summary. Returns the exit status."""
    clock, tally, session = SystemClock(), Tally(), make_session()
    begin_s = clock.monotonic_s()
    connection = IngestConnection(options.server, options.camera, options.token, session)
    shutter = build_shutter(options)
    is_single = options.once and options.source.startswith(DEMO_PREFIX)
    # A single pass must not lose pictures to a slow server: there the pace waits for room.
    buffer = FrameBuffer()
    with contextlib.ExitStack() as stack:
        stack.callback(shutter.close)
        preview = stack.enter_context(contextlib.closing(Preview())) if options.preview else None
        if preview is not None:
            print(f"Preview: {preview.address}", file=sys.stderr)
        journal = FileJournal(options.journal) if options.journal is not None else NoJournal()
        stack.callback(journal.close)
        sender = Sender(connection, buffer, session, tally, journal, clock)
        frames = 1 if is_single else options.frames
        agent = Agent(
            options.camera, session, shutter, buffer, options.fps, clock, preview, frames, is_patient=options.once
        )
        run_agent(agent, sender, buffer, stop, GIVE_UP_S + GRACE_S + REQUEST_TIMEOUT_S, clock)
    print(tally.summary(options.camera, session, buffer.dropped, clock.monotonic_s() - begin_s), flush=True)
    if sender.failure is not None:
        print(f"The server does not take this camera: {sender.failure}", file=sys.stderr)
        return 1
    return 1 if options.once and tally.outcome(Outcome.ACKNOWLEDGED) == 0 else 0


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse_options(arguments)
    configure_logging()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        return run(options, stop)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
