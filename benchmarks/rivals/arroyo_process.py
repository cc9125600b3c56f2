"""`sentry-arroyo`: stage 1 in its RunTaskInThreads, stage 2 as the next step, which gets results in order. With no
threads both stages are steps of the processor's own thread.

Run by the Python of its own environment: `python -m benchmarks.rivals.arroyo_process OPTIONS`.
"""

import signal
from collections.abc import Mapping
from typing import Any

from arroyo.backends.kafka import KafkaConsumer, KafkaPayload
from arroyo.backends.kafka.configuration import build_kafka_consumer_configuration
from arroyo.processing.processor import StreamProcessor
from arroyo.processing.strategies import CommitOffsets, RunTask, RunTaskInThreads
from arroyo.processing.strategies.abstract import ProcessingStrategy, ProcessingStrategyFactory
from arroyo.types import BrokerValue, Commit, Message, Partition, Topic

from benchmarks.rivals.options import RivalOptions, prepared
from benchmarks.rivals.work import FrameWork, Worked

PENDING_PER_THREAD, PENDING_MORE = 8, 32
"""As our own consumer bounds frames in flight."""


class ClipStrategy(ProcessingStrategyFactory[KafkaPayload]):  # type: ignore[misc]  # no stubs in our environment
    """Threads for stage 1, the processor's own thread for stage 2, commits once a second."""

    def __init__(self, work: FrameWork, threads: int) -> None:
        self._work = work
        self._threads = threads

    def create_with_partitions(
        self, commit: Commit, _partitions: Mapping[Partition, int]
    ) -> ProcessingStrategy[KafkaPayload]:
        pending = PENDING_PER_THREAD * self._threads + PENDING_MORE
        ordered: Any = RunTask(self._order, CommitOffsets(commit))
        if self._threads == 0:
            return RunTask(self._analyse, ordered)
        return RunTaskInThreads(self._analyse, self._threads, pending, ordered)

    def _analyse(self, message: Message[KafkaPayload]) -> Worked:
        value = message.value
        if not isinstance(value, BrokerValue):
            raise TypeError("not a record of the broker")
        payload = value.payload
        log_ms = round(value.timestamp.timestamp() * 1000)
        headers = [(name, bytes(text)) for name, text in payload.headers]
        return self._work.analyse(
            payload.key or b"", payload.value, headers, value.partition.index, value.offset, log_ms
        )

    def _order(self, message: Message[Worked]) -> object:
        worked = message.payload
        self._work.order(worked)
        return worked


def main() -> int:
    options: RivalOptions
    with prepared() as (options, work):
        configuration = build_kafka_consumer_configuration(
            {"bootstrap.servers": options.brokers}, group_id=options.group, auto_offset_reset="earliest"
        )
        strategy = ClipStrategy(work, options.threads)
        processor = StreamProcessor(KafkaConsumer(configuration), Topic(options.topic), strategy)
        signal.signal(signal.SIGTERM, lambda *_: processor.signal_shutdown())
        processor.run()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
