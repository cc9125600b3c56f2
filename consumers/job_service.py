"""Recorded video beside live frames: the job engine of one consumer process, on a thread of its own."""

import contextlib
import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from common.clock import Clock
from common.kafka.confluent import ConfluentGroupConsumer, ConfluentLogReader, GroupTuning
from common.kafka.ports import RecordProducer
from common.settings import KafkaSettings
from common.storage.port import ObjectStore
from common.topics import CLIP_EVENTS, SEGMENT_JOBS
from consumers.jobs.delivery import Delivery
from consumers.jobs.engine import JobEngine
from consumers.jobs.worker import JobWorker
from consumers.pipeline.analysis import AnalysisDefinition, Analyzer

FETCH_WAIT_MS = 500
"""A job is there at once; only the partition that is resumed after a job waits for the fetch under way."""
STOP_S = 8.0
"""A part asks every 100 frames whether it is still wanted; what it has done by then is done again elsewhere."""
_log = logging.getLogger(__name__)


def start_jobs(
    definition: AnalysisDefinition,
    analyzer: Analyzer,
    *,
    kafka: KafkaSettings,
    tuning: GroupTuning,
    store: ObjectStore,
    events: RecordProducer,
    folder: Path,
    clock: Clock,
    crashed: Callable[[], None],
    cleanup: contextlib.ExitStack,
) -> None:
    """Serve `{analysis}-jobs` until `cleanup`. `crashed` is called once if the job side ends by itself."""
    group, client = f"{definition.name}-jobs", f"lookout-{definition.name}-jobs"
    log = ConfluentLogReader(kafka, client_id=f"{client}-reader")
    cleanup.callback(log.close)
    jobs_topic = kafka.topic(SEGMENT_JOBS)
    delivery = Delivery(events, jobs_topic, kafka.topic(CLIP_EVENTS), log.partitions(jobs_topic))
    engine = JobEngine(
        ConfluentGroupConsumer(kafka, group, replace(tuning, fetch_wait_ms=FETCH_WAIT_MS), client_id=client),
        jobs_topic,
        JobWorker(definition, analyzer, store, log, group, folder),
        delivery.deliver,
        clock,
    )

    def serve() -> None:
        try:
            engine.run()
        except Exception:  # noqa: BLE001 - whatever it is, queries must not hang in silence
            _log.exception("jobs are no longer served; the process ends and is started again")
            crashed()

    thread = threading.Thread(target=serve, name="jobs", daemon=True)

    def stop() -> None:
        engine.stop()
        thread.join(STOP_S)

    thread.start()
    cleanup.callback(stop)
