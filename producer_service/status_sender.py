"""What ingest says of itself and of the cameras, every 2 s on topic `consumer-status`."""

import logging
import secrets
import socket
import threading
from collections.abc import Callable

from common.clock import Clock
from common.contracts.consumer_status import INGEST, ConsumerStatus
from common.errors import LookoutError
from common.kafka.ports import RecordProducer
from producer_service.camera_flows import CameraFlows

log = logging.getLogger(__name__)

EVERY_S = 2.0
JOIN_S = 2.0


class StatusSender:
    """A thread of its own, which waits for nothing but the next turn: a record that Kafka does not take is gone.
    `problem`: why no frames are taken, or None."""

    def __init__(
        self,
        producer: RecordProducer,
        topic: str,
        flows: CameraFlows,
        problem: Callable[[], str | None],
        threads: int,
        clock: Clock,
        every_s: float = EVERY_S,
    ) -> None:
        self._producer = producer
        self._topic = topic
        self._flows = flows
        self._problem = problem
        self._threads = threads
        self._clock = clock
        self._every_s = every_s
        self._instance = f"{INGEST}@{socket.gethostname()}-{secrets.token_hex(2)}"
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ingest-status", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Before the producer is closed. Idempotent."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(JOIN_S)

    def send(self) -> None:
        """Say it now. Never blocks, raises nothing."""
        reason = self._problem()
        status = ConsumerStatus(
            instance=self._instance,
            analysis=INGEST,
            state="running" if reason is None else "starting",
            reason=reason,
            threads=self._threads,
            at_us=self._clock.wall_us(),
            flows=self._flows.all(),
        )
        try:
            self._producer.send(self._topic, self._instance.encode(), status.to_json())
        except LookoutError as error:
            log.debug("status not sent", extra={"error": str(error)})

    def _run(self) -> None:
        while not self._stopping.wait(self._every_s):
            self.send()
