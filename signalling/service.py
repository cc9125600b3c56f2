"""Everything the signalling process owns: the threads that read Kafka, the audience, the listening socket."""

import asyncio
import logging
import signal
from collections.abc import Callable

from aiohttp import web

from common.camera_directory import CameraDirectory
from common.clock import Clock, SystemClock
from common.kafka.ports import TopicReader
from common.metrics import Metrics
from common.settings import KafkaSettings
from common.topics import FRAMES
from signalling.app import LiveParts, create_app
from signalling.audience import Audience
from signalling.feed import LiveFeed
from signalling.newest import Newest
from signalling.settings import SignallingSettings

log = logging.getLogger(__name__)

GOODBYE_S = 5.0
"""How long viewers get to hear that the server stops."""


class SignallingService:
    """`start` and `stop` on the event loop. Safe to stop at any moment."""

    def __init__(
        self,
        settings: SignallingSettings,
        kafka: KafkaSettings,
        make_settings_reader: Callable[[], TopicReader],
        make_live_reader: Callable[[], TopicReader],
        clock: Clock | None = None,
    ) -> None:
        clock = clock or SystemClock()
        self._settings = settings
        self.metrics = Metrics()
        self.newest = Newest(clock)
        self.audience = Audience(self.metrics)
        self.directory = CameraDirectory(make_settings_reader, clock, self._camera_changed)
        self.feed = LiveFeed(
            make_live_reader, kafka.topic(FRAMES), self.newest, self.directory, self.audience.tell, clock
        )
        self.app = create_app(
            LiveParts(settings, self.newest, self.directory, self.feed, self.audience, self.metrics, clock)
        )
        # Sessions end by themselves when the audience closes; aiohttp need not wait for them.
        self._runner = web.AppRunner(self.app, access_log=None, shutdown_timeout=1.0, keepalive_timeout=30.0)

    async def start(self) -> None:
        """Listen, then read. Raises OSError when the port is taken."""
        self.audience.open()
        await self._runner.setup()
        await web.TCPSite(self._runner, self._settings.bind, self._settings.port).start()
        self.directory.start()
        self.feed.start()

    async def stop(self) -> None:
        """Tell the viewers, then stop listening and reading."""
        self.audience.close()
        await self.audience.wait_empty(GOODBYE_S)
        await self._runner.cleanup()
        await asyncio.gather(asyncio.to_thread(self.feed.stop), asyncio.to_thread(self.directory.stop))

    def _camera_changed(self, camera: str) -> None:
        """On the directory's thread."""
        if self.directory.find(camera) is None:
            self.newest.forget(camera)
        self.audience.tell(camera)


async def serve(service: SignallingService) -> None:
    """Run until SIGTERM or SIGINT."""
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    await service.start()
    log.info("signalling listens")
    await asked.wait()
    log.info("signalling stops")
    await service.stop()
