"""The one place where the indexer meets its adapters."""

import contextlib
from collections.abc import Callable, Iterator

from api_server.accounts.sessions import Sessions
from api_server.accounts.users import Users
from api_server.cameras.store import CameraStore
from api_server.clips.store import ClipStore
from api_server.database.mongo import MongoDatabase
from api_server.database.port import Database
from api_server.indexer.chores import Chore, ChoreThread
from api_server.indexer.erasure import ClipEraser
from api_server.indexer.loop import GROUP, IndexerLoop
from api_server.indexer.retention import Kept, Retention
from api_server.indexer.service import IndexerService
from api_server.indexer.sweep import Sweep
from api_server.indexer.tombstones import TombstoneKeeper
from api_server.indexer.writer import EventWriter
from api_server.settings import RetentionSettings
from common.clock import Clock, SystemClock
from common.deadline import Deadline
from common.errors import Transient
from common.kafka.confluent import ConfluentGroupConsumer, ConfluentLogReader, ConfluentProducer
from common.kafka.ports import GroupConsumer, LogReader, RecordProducer
from common.metrics import Metrics
from common.retry import retry_transient
from common.settings import KafkaSettings, MongoSettings, StorageSettings
from common.storage.port import ObjectStore
from common.storage.s3 import S3ObjectStore
from common.topics import CLIP_EVENTS

ERASE_EVERY_S = 1.0
"""What a person deletes is out of sight at once; its objects follow within this."""
RETENTION_EVERY_S = 60.0
HOURLY_S = 3600.0
STORE_WAIT_S = 30.0
"""How long a start waits for the store. Then it goes on: what is deleted and swept waits for the store by itself."""


def build_indexer(
    *,
    database: Database,
    store: ObjectStore,
    consumer: GroupConsumer,
    loop_reader: LogReader,
    keeper_reader: LogReader,
    producer: RecordProducer,
    events_topic: str,
    kept: Kept,
    metrics: Metrics,
    clock: Clock,
) -> IndexerService:
    """The service, of whatever implements the ports. A log reader takes one thread at a time, so there are two."""
    cameras, clips = CameraStore(database), ClipStore(database)
    writer = EventWriter(database, cameras, clock)
    sessions = Sessions(database, Users(database), clock)
    loop = IndexerLoop(consumer, loop_reader, events_topic, writer, database, metrics, clock)
    eraser = ClipEraser(database, cameras, clips, store, metrics, clock)
    retention = Retention(database, clips, kept, metrics, clock)
    sweep = Sweep(database, writer, store, producer, events_topic, metrics, clock)
    tombstones = TombstoneKeeper(database, store, keeper_reader, metrics, clock)
    keeper = (
        Chore("retention", RETENTION_EVERY_S, _once(retention.run_once)),
        Chore("sweep", HOURLY_S, _once(sweep.run_once)),
        Chore("tombstones", HOURLY_S, _once(tombstones.run_once)),
        Chore("sessions", HOURLY_S, _once(sessions.drop_expired)),
    )
    chores = [
        ChoreThread("eraser", [Chore("erasure", ERASE_EVERY_S, eraser.run_once)], clock),
        ChoreThread("keeper", keeper, clock),
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
    try:
        yield build_indexer(
            database=database,
            store=store,
            consumer=consumer,
            loop_reader=readers[0],
            keeper_reader=readers[1],
            producer=producer,
            events_topic=kafka.topic(CLIP_EVENTS),
            kept=Kept.of(retention),
            metrics=metrics,
            clock=SystemClock(),
        )
    finally:
        consumer.close()
        producer.close()
        for reader in readers:
            reader.close()
        database.close()
