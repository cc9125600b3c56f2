"""The one place where the indexer meets its adapters."""

import contextlib
from collections.abc import Callable, Iterator

from api_server.accounts.api_tokens import ApiTokens
from api_server.accounts.sessions import Sessions
from api_server.accounts.users import Users
from api_server.audit.log import AuditLog
from api_server.cameras.store import CameraStore
from api_server.clips.holds import Holds
from api_server.clips.store import ClipStore
from api_server.database.mongo import MongoDatabase
from api_server.database.port import Database
from api_server.exports.erasure import ExportEraser
from api_server.exports.store import ExportStore
from api_server.http.repeats import Repeats
from api_server.indexer.chores import Chore, ChoreThread
from api_server.indexer.erasure import ClipEraser
from api_server.indexer.loop import GROUP, IndexerLoop
from api_server.indexer.proof import DeletionProof
from api_server.indexer.retention import Footprint, Kept, Retention
from api_server.indexer.retention_audit import RetentionAudit
from api_server.indexer.service import IndexerService
from api_server.indexer.sweep import Sweep
from api_server.indexer.tombstones import TombstoneKeeper
from api_server.indexer.writer import EventWriter
from api_server.queries.attendance import Attendance, BoardAttendance
from api_server.queries.erasure import QueryEraser
from api_server.queries.events import QueryEvents
from api_server.queries.keeper import QueryKeeper, QueryRetention
from api_server.queries.store import QueryStore
from api_server.queries.sweep import QuerySweep
from api_server.recordings.playable_sweep import PlayableSweep
from api_server.recordings.preparation import PreparedUploads, UploadPreparer
from api_server.recordings.store import UploadStore
from api_server.settings import RetentionSettings
from api_server.shares.store import ShareStore
from api_server.status.board import StatusBoard
from api_server.status.follower import TopicFollower
from api_server.uploads.store import OpenUploadStore
from api_server.uploads.sweep import OpenUploadSweep
from common.clock import Clock, SystemClock
from common.deadline import Deadline
from common.errors import Transient
from common.kafka.confluent import (
    ConfluentGroupConsumer,
    ConfluentLogReader,
    ConfluentProducer,
    ConfluentTopicReader,
)
from common.kafka.ports import FROM_BEGINNING, GroupConsumer, LogReader, RecordProducer
from common.metrics import Metrics
from common.retry import retry_transient
from common.settings import KafkaSettings, MongoSettings, StorageSettings
from common.storage.parts import PartedStore
from common.storage.s3 import S3ObjectStore
from common.topics import CLIP_EVENTS, CONSUMER_STATUS, SEGMENT_JOBS

ERASE_EVERY_S = 1.0
"""What a person deletes is out of sight at once; its objects follow within this."""
QUERIES_EVERY_S = 0.5
"""A query begins, and its parts are joined, within this."""
UPLOADS_EVERY_S = 1.0
"""A worker hears of an upload within this."""
RETENTION_EVERY_S = 60.0
HOURLY_S = 3600.0
STORE_WAIT_S = 30.0
"""How long a start waits for the store. Then it goes on: what is deleted and swept waits for the store by itself."""


def build_indexer(
    *,
    database: Database,
    store: PartedStore,
    consumer: GroupConsumer,
    loop_reader: LogReader,
    keeper_reader: LogReader,
    producer: RecordProducer,
    events_topic: str,
    jobs_topic: str,
    attendance: Attendance,
    kept: Kept,
    metrics: Metrics,
    clock: Clock,
) -> IndexerService:
    """The service, of whatever implements the ports. A log reader takes one thread at a time, so there are two."""
    cameras, clips = CameraStore(database), ClipStore(database)
    queries, uploads = QueryStore(database), UploadStore(database)
    query_events = QueryEvents(queries, uploads, store, clock)
    writer = EventWriter(database, cameras, query_events, PreparedUploads(uploads, store), clock)
    upload_preparer = UploadPreparer(uploads, producer, jobs_topic, attendance, clock)
    playable_sweep = PlayableSweep(uploads, store, clock)
    query_keeper = QueryKeeper(queries, store, producer, jobs_topic, attendance, clock)
    query_eraser = QueryEraser(queries, uploads, store, clock)
    audit = RetentionAudit(AuditLog(database, clock))
    lengths_ms = (kept.footage_ms, kept.plate_ms, kept.upload_ms)
    query_retention = QueryRetention(queries, uploads, cameras, *lengths_ms, audit.others, clock)
    export_eraser = ExportEraser(ExportStore(database), clips, store, clock)
    query_sweep = QuerySweep(queries, uploads, query_events, store, clock)
    users = Users(database)
    sessions, tokens = Sessions(database, users, clock), ApiTokens(database, users, clock)
    loop = IndexerLoop(consumer, loop_reader, events_topic, writer, database, metrics, clock)
    eraser = ClipEraser(database, cameras, clips, store, metrics, clock)
    exports = ExportStore(database)
    holds, footprint = Holds(database, store, clock), Footprint(uploads, queries, exports)
    retention = Retention(database, cameras, clips, holds, footprint, kept, audit=audit, metrics=metrics, clock=clock)
    sweep = Sweep(database, writer, store, producer, events_topic, metrics, clock)
    open_uploads = OpenUploadSweep(OpenUploadStore(database), store, clock)
    tombstones = TombstoneKeeper(database, store, keeper_reader, metrics, clock)
    keeper = (
        Chore("retention", RETENTION_EVERY_S, _once(retention.run_once)),
        Chore("sweep", HOURLY_S, _once(sweep.run_once)),
        Chore("tombstones", HOURLY_S, _once(tombstones.run_once)),
        Chore("sessions", HOURLY_S, _once(sessions.drop_expired)),
        Chore("exports", RETENTION_EVERY_S, _once(export_eraser.expire)),
        Chore("export sweep", HOURLY_S, _once(export_eraser.sweep)),
        Chore("open uploads", RETENTION_EVERY_S, _once(open_uploads.run_once)),
        Chore("open upload sweep", HOURLY_S, _once(open_uploads.sweep)),
        Chore("shares", HOURLY_S, _once(ShareStore(database, clock).forget)),
        Chore("repeats", HOURLY_S, _once(Repeats(database, clock).forget)),
        Chore("api tokens", HOURLY_S, _once(tokens.drop_expired)),
        Chore("query retention", RETENTION_EVERY_S, _once(query_retention.run_once)),
        Chore("query sweep", HOURLY_S, _once(query_sweep.run_once)),
        Chore("playable sweep", HOURLY_S, _once(playable_sweep.run_once)),
        Chore("parts of queries", HOURLY_S, _once(query_eraser.drop_parts)),
        Chore("forgotten queries", HOURLY_S, _once(query_eraser.forget)),
    )
    chores = [
        ChoreThread(
            "eraser",
            [
                Chore("erasure", ERASE_EVERY_S, eraser.run_once),
                Chore("query erasure", ERASE_EVERY_S, query_eraser.run_once),
                Chore("export erasure", ERASE_EVERY_S, export_eraser.run_once),
            ],
            clock,
        ),
        ChoreThread("keeper", keeper, clock),
        # Apart from the others: a queue of deletions must not keep a query waiting.
        ChoreThread(
            "queries",
            [
                Chore("queries", QUERIES_EVERY_S, query_keeper.run_once),
                Chore("uploads", UPLOADS_EVERY_S, upload_preparer.run_once),
            ],
            clock,
        ),
    ]
    return IndexerService(database, loop, chores)


def _once(run: Callable[[], object]) -> Callable[[], int]:
    """A chore that waits for its turn, however much it did."""

    def running() -> int:
        run()
        return 0

    return running


@contextlib.contextmanager
def open_indexer(
    kafka: KafkaSettings,
    mongo: MongoSettings,
    storage: StorageSettings,
    retention: RetentionSettings,
    metrics: Metrics,
) -> Iterator[IndexerService]:
    """The indexer on real servers, its connections closed afterwards."""
    store = S3ObjectStore(storage)
    with contextlib.suppress(Transient):
        # On a fresh system the indexer may be there before the first consumer has made the bucket.
        retry_transient(store.ensure_bucket, Deadline(STORE_WAIT_S))
    database = MongoDatabase(mongo)
    readers = [ConfluentLogReader(kafka, f"lookout-indexer-{part}") for part in ("loop", "keeper")]
    producer = ConfluentProducer(kafka, client_id="lookout-indexer")
    consumer = ConfluentGroupConsumer(kafka, GROUP, client_id="lookout-indexer")
    clock = SystemClock()
    board = StatusBoard(clock)
    follower = TopicFollower(
        "consumer-status",
        lambda: ConfluentTopicReader(kafka, [kafka.topic(CONSUMER_STATUS)], FROM_BEGINNING),
        board.take,
    )
    follower.start()
    try:
        yield build_indexer(
            database=database,
            store=store,
            consumer=consumer,
            loop_reader=readers[0],
            keeper_reader=readers[1],
            producer=producer,
            events_topic=kafka.topic(CLIP_EVENTS),
            jobs_topic=kafka.topic(SEGMENT_JOBS),
            attendance=BoardAttendance(board, clock),
            kept=Kept.of(retention),
            metrics=metrics,
            clock=clock,
        )
    finally:
        follower.stop()
        consumer.close()
        producer.close()
        for reader in readers:
            reader.close()
        database.close()


@contextlib.contextmanager
def open_proof(kafka: KafkaSettings, mongo: MongoSettings, storage: StorageSettings) -> Iterator[DeletionProof]:
    """A proof on real servers, beside whatever runs."""
    store, database, clock = S3ObjectStore(storage), MongoDatabase(mongo), SystemClock()
    queries, uploads = QueryStore(database), UploadStore(database)
    query_events, prepared = QueryEvents(queries, uploads, store, clock), PreparedUploads(uploads, store)
    writer = EventWriter(database, CameraStore(database), query_events, prepared, clock)
    events = ConfluentTopicReader(kafka, [kafka.topic(CLIP_EVENTS)], FROM_BEGINNING)
    try:
        yield DeletionProof(database, store, writer, events)
    finally:
        events.close()
        database.close()
