"""Recorded video beside live frames: the job engine of one consumer process, on a thread of its own."""

import contextlib
import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from common.clock import Clock
from common.kafka.confluent import ConfluentGroupConsumer, ConfluentLogReader, GroupTuning
from common.kafka.ports import LogReader, RecordProducer
from common.settings import KafkaSettings
from common.silence import Silence
from common.storage.port import ObjectStore
from common.topics import CLIP_EVENTS, SEGMENT_JOBS
from consumers.jobs.delivery import Delivery
from consumers.jobs.engine import JobEngine, Worker
from consumers.jobs.worker import JobWorker
from consumers.models.offered import OfferedModels
from consumers.pipeline.analysis import AnalysisDefinition, Analyzer
from consumers.playable.worker import PlayableWorker

FETCH_WAIT_MS = 500
"""A job is there at once; only the partition that is resumed after a job waits for the fetch under way."""
STOP_S = 8.0
"""A part asks every 100 frames whether it is still wanted; what it has done by then is done again elsewhere."""
MakeWorker = Callable[[LogReader, str], Worker]
"""Of a log reader of its own, and of the group's name."""
_log = logging.getLogger(__name__)


def query_worker(
    definition: AnalysisDefinition,
    analyzer: Analyzer,
    offered: OfferedModels,
    store: ObjectStore,
    folder: Path,
    silence: Silence,
    clock: Clock,
) -> MakeWorker:
    """Does the jobs of queries. `silence`: of the model, shared with live frames."""
    return lambda log, group: JobWorker(
        definition, analyzer, store, log, group, folder, silence=silence, clock=clock, offered=offered
    )


def upload_worker(store: ObjectStore, folder: Path, free_bytes: int, clock: Clock) -> MakeWorker:
    """Makes uploads playable; `free_bytes` stay free on the disk of `folder`."""
    return lambda log, group: PlayableWorker(store, log, group, folder, free_bytes, clock)


def start_jobs(
    name: str,
    make_worker: MakeWorker,
    *,
    kafka: KafkaSettings,
    tuning: GroupTuning,
    events: RecordProducer,
    clock: Clock,
    crashed: Callable[[], None],
    cleanup: contextlib.ExitStack,
) -> None:
    """Serve the group `{name}-jobs` until `cleanup`, by the worker that `make_worker` makes of its log reader and its
    name. `crashed` is called once if the job side ends by itself."""
    group, client = f"{name}-jobs", f"lookout-{name}-jobs"
    log = ConfluentLogReader(kafka, client_id=f"{client}-reader")
    cleanup.callback(log.close)
    jobs_topic = kafka.topic(SEGMENT_JOBS)
    delivery = Delivery(events, jobs_topic, kafka.topic(CLIP_EVENTS), log.partitions(jobs_topic))
    engine = JobEngine(
        ConfluentGroupConsumer(kafka, group, replace(tuning, fetch_wait_ms=FETCH_WAIT_MS), client_id=client),
        jobs_topic,
        make_worker(log, group),
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
