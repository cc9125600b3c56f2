"""The engine as `consumers.wiring` sees it: built from ports, run on the main thread, stopped by SIGTERM."""

from common.clock import Clock
from common.kafka.ports import GroupConsumer, LogReader, RecordProducer
from common.metrics import Metrics
from consumers.runtime.ports import ClipStore, Workload
from consumers.runtime.settings import EngineSettings

EXIT_STOPPED = 0
EXIT_CRASHED = 70
"""Something nobody foresaw, or the watchdog. The supervisor starts the process again."""
EXIT_CONFIGURATION = 78
"""A person has to change something, or dead letters flood. The supervisor leaves it down."""


class Engine:
    """Reads frames, cuts windows, has them stored exactly once. One per process."""

    def run(self) -> int:
        """Run until stopped; the process' exit status. Call on the main thread. Closes the consumer, not the rest."""
        raise NotImplementedError

    def stop(self) -> None:
        """Ask for an orderly end. Any thread and signal handlers; returns at once."""
        raise NotImplementedError

    def live_problem(self) -> str | None:
        """For /livez: None while the loop turns. Any thread, never blocks."""
        raise NotImplementedError

    def ready_problem(self) -> str | None:
        """For /readyz: None once the group has answered and every assigned partition is read. Any thread, never blocks."""
        raise NotImplementedError


def build_engine(
    settings: EngineSettings,
    consumer: GroupConsumer,
    log: LogReader,
    producer: RecordProducer,
    workload: Workload,
    store: ClipStore,
    metrics: Metrics,
    clock: Clock,
) -> Engine:
    """Compose an engine. Starts nothing: threads begin in `Engine.run`."""
    raise NotImplementedError
