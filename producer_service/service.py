"""Everything one ingest process owns, started after fork and stopped in order."""

import logging
from collections.abc import Callable

from common.camera_directory import CameraDirectory
from common.clock import Clock, SystemClock
from common.kafka.ports import RecordProducer, TopicReader
from common.metrics import Metrics
from common.settings import KafkaSettings, PlaceSettings
from common.topics import CONSUMER_STATUS, FRAMES
from producer_service.admission import Admission
from producer_service.body import BodyDeadlines
from producer_service.broker_gate import BrokerGate
from producer_service.camera_flows import CameraFlows
from producer_service.disk_guard import DiskGuard
from producer_service.ingest import ACK_S, Ingest
from producer_service.status_sender import EVERY_S, StatusSender

log = logging.getLogger(__name__)


class IngestService:
    """Owns the producer and the threads. Constructing it opens nothing; `start` does, and only after fork."""

    def __init__(
        self,
        kafka: KafkaSettings,
        places: PlaceSettings,
        make_producer: Callable[[], RecordProducer],
        make_settings_reader: Callable[[], TopicReader],
        clock: Clock | None = None,
        ack_s: float = ACK_S,
        status_every_s: float = EVERY_S,
        threads: int = 1,
    ) -> None:
        self._kafka = kafka
        self._make_producer = make_producer
        self._clock = clock or SystemClock()
        self._ack_s = ack_s
        self._producer: RecordProducer | None = None
        self._is_stopping = False
        self._status_every_s = status_every_s
        self._threads = threads
        self._status: StatusSender | None = None
        self.flows = CameraFlows()
        self.metrics = Metrics()
        self.max_frame_bytes = kafka.max_frame_bytes
        self.directory = CameraDirectory(make_settings_reader, self._clock)
        self.disk = DiskGuard(places.disk_path or places.var_dir, places.min_free_bytes)
        self.gate = BrokerGate(self._clock)
        self.body_deadlines = BodyDeadlines()
        self.ingest: Ingest | None = None

    def start(self) -> None:
        """Make the producer and start the threads. Raises ConfigurationError."""
        producer = self._make_producer()
        self._producer = producer
        self.ingest = Ingest(
            directory=self.directory,
            producer=producer,
            topic=self._kafka.topic(FRAMES),
            max_frame_bytes=self._kafka.max_frame_bytes,
            disk=self.disk,
            gate=self.gate,
            admission=Admission(clock=self._clock),
            metrics=self.metrics,
            flows=self.flows,
            clock=self._clock,
            ack_s=self._ack_s,
        )
        self.disk.start()
        self.body_deadlines.start()
        self.directory.start()
        self._status = StatusSender(
            producer,
            self._kafka.topic(CONSUMER_STATUS),
            self.flows,
            self.ready_problem,
            self._threads,
            self._clock,
            self._status_every_s,
        )
        self._status.start()

    def stop(self) -> None:
        """After the last request: end the threads and flush the producer (at most 10 s)."""
        self._is_stopping = True
        if self._status is not None:
            self._status.stop()
        if self._producer is not None:
            self._producer.close()
            self._producer = None
        self.disk.stop()
        self.body_deadlines.stop()
        self.directory.stop()

    def live_problem(self) -> str | None:
        """None while the process works; what is wrong can only be mended by a restart."""
        if self.ingest is not None and not self.directory.is_alive and not self._is_stopping:
            return "The thread that follows the cameras' settings has ended."
        return None

    def ready_problem(self) -> str | None:
        """None while frames are taken, else why not."""
        if self._is_stopping:
            return "The server is stopping."
        if not self.gate.is_open:
            return "Kafka does not acknowledge frames."
        return self.directory.problem() or self.disk.problem()
