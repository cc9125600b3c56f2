"""Builds one consumer from its settings and runs it: the only file that sees both halves."""

import contextlib
import logging
import shutil
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import cv2

from common.camera_directory import CameraDirectory
from common.clock import SystemClock
from common.deadline import Deadline
from common.errors import ConfigurationError, Transient
from common.health import HealthServer
from common.kafka.confluent import (
    ConfluentGroupConsumer,
    ConfluentLogReader,
    ConfluentProducer,
    ConfluentTopicReader,
    GroupTuning,
    ProducerTuning,
)
from common.kafka.limits import check_limits
from common.kafka.ports import FROM_BEGINNING
from common.metrics import Metrics
from common.retry import retry_transient
from common.settings import (
    KafkaSettings,
    PlaceSettings,
    StorageSettings,
    load_settings,
    redacted,
    refuse_unknown_variables,
)
from common.storage.patient import PatientStore
from common.storage.probe import probe_store
from common.storage.s3 import S3ObjectStore
from common.topics import CAMERA_SETTINGS, CLIP_EVENTS, CONSUMER_STATUS, DEAD_LETTERS, DETECTIONS, FRAMES, MIB
from consumers.camera_views import MOTION_GATE, CameraViews, wait_until_read
from consumers.consumer_health import ConsumerHealth
from consumers.detection_feed import DetectionFeed
from consumers.job_service import query_worker, start_jobs, upload_worker
from consumers.models.offered import OfferedModels
from consumers.pipeline.analysis import AnalysisDefinition, Analyzer, WaitsElsewhere
from consumers.pipeline.clip_store import VideoClipStore
from consumers.pipeline.spool import Spool
from consumers.pipeline.workload import VideoWorkload
from consumers.process_settings import ProcessSettings
from consumers.refusal import tell_refusal
from consumers.registry import load_definition
from consumers.runtime.engine import EXIT_CONFIGURATION, EXIT_CRASHED, EXIT_STOPPED, Engine, build_engine
from consumers.runtime.settings import EngineSettings, default_threads

SERVER_WAIT_S = 120.0
"""How long a start waits for a server that does not answer. Then the process ends, to be started again."""
SETTINGS_WAIT_S = 15.0
"""How long a start waits for cameras' own settings. Then it goes on: what may be analysed travels with the frames."""
DETECTION_QUEUE_BYTES = 8 * MIB
"""Detections are of use while they are new: a broker that is out costs this much memory and no more."""
DETECTION_LINGER_MS = 5
"""What the feed sends together goes together."""
DETECTIONS_COUNTED_EVERY_S = 0.5
"""Nobody waits to hear that a detection was sent: it is only counted."""
SPOOL_MOST_BYTES = 4096 * MIB
SPOOL_SHARE = 0.8
"""Of the space that is free at start."""
SEALED_SHARE = 0.7
"""Of the spool: what sealed clips may fill before no more frames are taken. The rest is for open windows."""
PLAYABLE_FOLDER = "playable"
"""Below LOOKOUT_VAR_DIR: where what is made of an upload waits for the store."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the command line says; None: the default."""

    name: str
    threads: int | None = None
    health_port: int | None = None
    session_timeout_s: float | None = None
    batch: int | None = None
    ordered_threads: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


def run_consumer(options: RunOptions, environment: Mapping[str, str] | None = None) -> int:
    """Run until SIGTERM or SIGINT. The exit status: 0, 70 (start again), 78 (a person has to act). Main thread only."""
    with contextlib.ExitStack() as cleanup:
        stop = _StopSignals(cleanup)
        try:
            engine = _build(options, environment, stop, cleanup)
        except ConfigurationError as error:
            _log.error("%s", error)
            tell_refusal(options.name, str(error), environment)
            return EXIT_CONFIGURATION
        except Transient as error:
            _log.error("a server does not answer: %s", error)
            return EXIT_CRASHED
        stop.hand_over(engine)
        status = engine.run()
        return EXIT_CRASHED if stop.has_crashed and status == EXIT_STOPPED else status


class _StopSignals:
    """Before the engine is there, a signal ends the process at once; afterwards it asks the engine to stop. What was
    done with signals before is done again after the clean-up."""

    def __init__(self, cleanup: contextlib.ExitStack) -> None:
        self._engine: Engine | None = None
        self.has_crashed = False
        for number in (signal.SIGTERM, signal.SIGINT):
            cleanup.callback(signal.signal, number, signal.signal(number, self._heard))

    def hand_over(self, engine: Engine) -> None:
        self._engine = engine
        if self.has_crashed:
            engine.stop()

    def crash(self) -> None:
        """Another part of the process has ended by itself: end in good order, and be started again. Any thread."""
        self.has_crashed = True
        if self._engine is not None:
            self._engine.stop()

    def _heard(self, _number: int, _frame: FrameType | None) -> None:
        if self._engine is None:
            raise SystemExit(EXIT_STOPPED)
        self._engine.stop()


def _build(
    options: RunOptions, environment: Mapping[str, str] | None, stop: _StopSignals, cleanup: contextlib.ExitStack
) -> Engine:
    """1. Settings. 2. Health. 3. The model. 4. Spool and store. 5. Kafka. 6. The engine, jobs beside it."""
    # 1. Everything that can be wrong is found before anything is opened.
    refuse_unknown_variables(environment)
    definition = load_definition(options.name)
    kafka = load_settings(KafkaSettings, environment)
    storage = load_settings(StorageSettings, environment)
    place = load_settings(PlaceSettings, environment)
    process = load_settings(ProcessSettings, environment)
    spool_bytes = _spool_room(place.var_dir)
    engine_settings = _engine_settings(options, kafka, spool_bytes)
    _log.info("settings", extra=redacted(kafka, storage, place, process, engine_settings))

    # 2. A supervisor sees a start that takes its time, and why.
    metrics, clock = Metrics(), SystemClock()
    health = ConsumerHealth()
    _start_health(_health_port(options, process, definition), metrics, health, cleanup)

    # 3. On this thread and before any other starts: ONNX Runtime flushes denormals only on the thread that makes the
    # first session, and on its children.
    cv2.setNumThreads(0)
    health.now("The model is being loaded.")
    build = definition.build_analyzer
    chosen = {**definition.options, **definition.live_options, **options.options}
    of_model = {name: value for name, value in chosen.items() if name != MOTION_GATE}
    offered = OfferedModels(definition, {name: v for name, v in options.options.items() if name != MOTION_GATE})
    analyzer = build(of_model) if build is not None else None
    engine_settings = engine_settings.model_copy(
        update={
            "model": analyzer.model if analyzer is not None else None,
            "models": offered.all,
            "ordered_threads": _ordered_threads(analyzer, options.ordered_threads, engine_settings.threads),
        }
    )

    # 4. The store's answer to a create-only PUT decides how clips are stored (DESIGN 5, rule 17).
    health.now("The store has not answered yet.")
    spool = Spool(place.var_dir / "spool" / definition.name, spool_bytes)
    cleanup.callback(spool.close)
    objects = S3ObjectStore(storage)
    deadline = Deadline(SERVER_WAIT_S)
    retry_transient(objects.ensure_bucket, deadline, on_retry=_log_waiting)
    probe = retry_transient(lambda: probe_store(objects), deadline, on_retry=_log_waiting)
    clips = VideoClipStore(PatientStore(objects), spool, probe.is_atomic, clock, metrics)

    # 5. Limits that contradict each other would refuse single records later. Detections have a producer of their own: a
    # flood of them must not delay an event.
    health.now("The broker has not answered yet.")
    retry_transient(lambda: check_limits(kafka), Deadline(SERVER_WAIT_S), on_retry=_log_waiting)
    client = f"lookout-{definition.name}"
    events = ConfluentProducer(kafka, client_id=f"{client}-events")
    cleanup.callback(events.close)
    live = ConfluentProducer(
        kafka,
        ProducerTuning(DETECTION_QUEUE_BYTES, linger_ms=DETECTION_LINGER_MS, serve_every_s=DETECTIONS_COUNTED_EVERY_S),
        client_id=f"{client}-detections",
    )
    cleanup.callback(live.close)
    reader = ConfluentLogReader(kafka, client_id=f"{client}-reader")
    cleanup.callback(reader.close)
    tuning = GroupTuning(session_timeout_s=engine_settings.session_timeout_s)
    group = ConfluentGroupConsumer(kafka, engine_settings.group_id, tuning, client_id=client)

    # 6.
    feed = cleanup.enter_context(DetectionFeed(live, kafka.topic(DETECTIONS), metrics))
    views = CameraViews(definition.name, chosen)
    if analyzer is not None:
        _follow_cameras(views, kafka, health, cleanup)
    workload = VideoWorkload(definition, analyzer, spool, feed, metrics, views)
    engine = build_engine(engine_settings, group, reader, events, workload, clips, metrics, clock)
    health.follow(engine)
    # Who searches, searches recorded video too; who records makes uploads playable.
    does = (
        query_worker(definition, analyzer, offered, PatientStore(objects), spool.directory, engine.pool.silence, clock)
        if analyzer is not None
        else upload_worker(PatientStore(objects), _folder_for_uploads(place, cleanup), place.min_free_bytes, clock)
    )
    start_jobs(
        definition.name,
        does,
        kafka=kafka,
        tuning=tuning,
        events=events,
        clock=clock,
        crashed=stop.crash,
        cleanup=cleanup,
    )
    return engine


def _folder_for_uploads(place: PlaceSettings, cleanup: contextlib.ExitStack) -> Path:
    """Apart from the clips' spool, which may be small and in memory: an upload has gigabytes."""
    files = Spool(place.var_dir / PLAYABLE_FOLDER)
    cleanup.callback(files.close)
    return files.directory


def _follow_cameras(
    views: CameraViews, kafka: KafkaSettings, health: ConsumerHealth, cleanup: contextlib.ExitStack
) -> None:
    """What a camera asks of an analysis beyond what its frames carry: classes, zones, a motion gate."""
    health.now("The cameras' settings have not been read to their end yet.")
    directory = CameraDirectory(
        lambda: ConfluentTopicReader(kafka, [kafka.topic(CAMERA_SETTINGS)], FROM_BEGINNING),
        changed=lambda camera: views.follow(directory, camera),
    )
    directory.start()
    cleanup.callback(directory.stop)
    if not wait_until_read(directory, SETTINGS_WAIT_S):
        _log.warning("cameras' own settings are not used until they can be read")


def _engine_settings(options: RunOptions, kafka: KafkaSettings, spool_bytes: int) -> EngineSettings:
    chosen: dict[str, Any] = {
        "threads": options.threads,
        "batch": options.batch,
        "ordered_threads": options.ordered_threads,
        "session_timeout_s": options.session_timeout_s,
    }
    try:
        return EngineSettings(
            analysis=options.name,
            frames_topic=kafka.topic(FRAMES),
            clip_events_topic=kafka.topic(CLIP_EVENTS),
            dead_letters_topic=kafka.topic(DEAD_LETTERS),
            status_topic=kafka.topic(CONSUMER_STATUS),
            spool_bytes=round(spool_bytes * SEALED_SHARE),
            **{name: value for name, value in chosen.items() if value is not None},
        )
    except ValueError as error:
        raise ConfigurationError(f"Bad option of run: {error}") from error


def _ordered_threads(analyzer: Analyzer | None, asked: int | None, threads: int) -> int:
    """Where nobody asks: none beside a model that computes here, else as many as there are cores for what it leaves to
    do."""
    if asked is not None:
        return asked
    waits = isinstance(analyzer, WaitsElsewhere) and analyzer.waits
    return min(threads, default_threads()) if waits else 0


def _spool_room(var_dir: Path) -> int:
    """What the spool may fill: most of what is free, which on a small tmpfs is far less than the default."""
    try:
        var_dir.mkdir(parents=True, exist_ok=True)
        free_bytes = shutil.disk_usage(var_dir).free
    except OSError as error:
        raise ConfigurationError(f"LOOKOUT_VAR_DIR {var_dir} cannot be used: {error}") from error
    room = min(SPOOL_MOST_BYTES, int(free_bytes * SPOOL_SHARE))
    if room < 32 * MIB:
        raise ConfigurationError(f"Only {free_bytes // MIB} MiB are free in {var_dir}; the spool needs 40.")
    return room


def _health_port(options: RunOptions, process: ProcessSettings, definition: AnalysisDefinition) -> int:
    if options.health_port is not None:
        return options.health_port
    return process.health_port if process.health_port is not None else definition.health_port


def _start_health(port: int, metrics: Metrics, health: ConsumerHealth, cleanup: contextlib.ExitStack) -> None:
    try:
        server = HealthServer("127.0.0.1", port, metrics, health.live_problem, health.ready_problem)
    except (OSError, OverflowError) as error:
        raise ConfigurationError(f"Health port {port} cannot be used; change LOOKOUT_HEALTH_PORT: {error}") from error
    server.start()
    cleanup.callback(server.stop)
    _log.info("health", extra={"port": server.port})


def _log_waiting(error: Transient) -> None:
    _log.warning("waiting for a server: %s", error)
