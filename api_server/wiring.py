"""The one place where the API server meets its adapters."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from api_server.accounts.api_tokens import ApiTokens
from api_server.accounts.attempts import Attempts
from api_server.accounts.credentials import Credentials
from api_server.accounts.first_grants import FirstGrants
from api_server.accounts.login import Login
from api_server.accounts.passwords import Passwords
from api_server.accounts.registry import UserRegistry
from api_server.accounts.second_factor import SecondFactor
from api_server.accounts.sessions import Sessions
from api_server.accounts.users import Users
from api_server.app import ApiParts
from api_server.audit.auditor import Auditor
from api_server.audit.log import AuditLog
from api_server.cameras.address import ADDRESSES, KEY_FILE
from api_server.cameras.live_leases import LiveLeases
from api_server.cameras.publisher import SettingsPublisher
from api_server.cameras.registry import CameraRegistry, PartitionCount
from api_server.cameras.store import CameraStore
from api_server.clips.arrivals import Arrivals
from api_server.clips.store import ClipStore
from api_server.database.mongo import MongoDatabase
from api_server.database.port import Database
from api_server.housekeeping import Housekeeping, StartParts
from api_server.http.event_stream import EventStreams
from api_server.queries.store import QueryStore
from api_server.recordings.intake import UploadIntake, UploadLimits
from api_server.recordings.store import UploadStore
from api_server.seal import Seal
from api_server.settings import ApiSettings
from api_server.status.board import StatusBoard
from api_server.status.follower import TopicFollower
from api_server.unwelcome import Unwelcome
from common.clock import Clock, SystemClock
from common.errors import ConfigurationError
from common.kafka.confluent import ConfluentLogReader, ConfluentProducer, ConfluentTopicReader
from common.kafka.ports import FROM_BEGINNING, FROM_END, LogReader, RecordProducer
from common.metrics import Metrics
from common.settings import KafkaSettings, MongoSettings, PlaceSettings, StorageSettings
from common.storage.port import ObjectStore
from common.storage.s3 import S3ObjectStore
from common.topics import CAMERA_SETTINGS, CLIP_EVENTS, CONSUMER_STATUS, FRAMES

BUCKETS_MAX = 16
"""Clients of other buckets that are kept."""
UPLOADS_FOLDER = "uploads"
"""Below LOOKOUT_VAR_DIR: where a file that is being uploaded waits."""


@dataclass(frozen=True, slots=True)
class AllSettings:
    """Everything `python -m api_server` reads from the environment."""

    api: ApiSettings
    kafka: KafkaSettings
    mongo: MongoSettings
    storage: StorageSettings
    places: PlaceSettings


class ApiService:
    """The parts of a running API server. Made after fork; `start` and `stop` once each. `unwelcome`: what the server in
    front need not hand on at once."""

    def __init__(
        self,
        parts: ApiParts,
        followers: Sequence[TopicFollower],
        producer: RecordProducer,
        reader: LogReader,
        database: Database,
    ) -> None:
        self.parts = parts
        self.unwelcome = Unwelcome(parts.attempts)
        self._followers = followers
        self._producer = producer
        self._reader = reader
        self._database = database

    def start(self) -> None:
        self.parts.intake.clear()
        for follower in self._followers:
            follower.start()
        self.parts.housekeeping.start()

    def leave(self) -> None:
        """The server takes no new requests: those that would go on end. Also in a signal handler."""
        self.parts.streams.close()

    def stop(self) -> None:
        """Bounded by the joins and flushes of the parts. Idempotent."""
        for follower in self._followers:
            follower.stop()
        self.parts.housekeeping.stop()
        self._producer.close()
        self._reader.close()
        self._database.close()


def check_settings(settings: AllSettings) -> None:
    """What no retry mends is found before the server forks. Talks to nobody. Raises ConfigurationError."""
    if settings.storage.bucket in settings.api.import_bucket_names:
        raise ConfigurationError("LOOKOUT_IMPORT_BUCKETS names S3_BUCKET: what lies there is not anybody's to import.")
    S3ObjectStore(settings.storage)
    MongoDatabase(settings.mongo).close()


def _bucket(storage: StorageSettings, bucket: str) -> ObjectStore:
    return S3ObjectStore(storage.model_copy(update={"bucket": bucket}))


def build_service(settings: AllSettings, clock: Clock | None = None) -> ApiService:
    """The service on real servers. Opens connections lazily: it starts whether or not they answer."""
    clock = clock or SystemClock()
    kafka = settings.kafka
    database: Database = MongoDatabase(settings.mongo)
    users, cameras, clips = Users(database), CameraStore(database), ClipStore(database)
    passwords = Passwords()
    sessions, tokens, attempts = Sessions(database, users, clock), ApiTokens(database, users, clock), Attempts()
    audit, factor = AuditLog(database, clock), SecondFactor(users, settings.places.var_dir, clock)
    first_grants = FirstGrants(cameras, settings.api.new_user_demo)
    producer = ConfluentProducer(kafka, client_id="lookout-api")
    reader = ConfluentLogReader(kafka, "lookout-api")
    publisher = SettingsPublisher(cameras, producer, kafka.topic(CAMERA_SETTINGS))
    partitions, seal = PartitionCount(reader, kafka.topic(FRAMES)), Seal(settings.places.var_dir / KEY_FILE, ADDRESSES)
    registry = CameraRegistry(cameras, clips, publisher, partitions, clock, seal)
    live = LiveLeases(cameras, registry, clock)
    housekeeping = Housekeeping(
        StartParts(
            database=database,
            users=users,
            passwords=passwords,
            cameras=cameras,
            registry=registry,
            publisher=publisher,
            make_settings_reader=lambda: ConfluentTopicReader(kafka, [kafka.topic(CAMERA_SETTINGS)], FROM_BEGINNING),
            var_dir=settings.places.var_dir,
            has_demo=settings.api.demo,
            clock=clock,
        )
    )
    board = StatusBoard(clock)
    uploads, store = UploadStore(database), S3ObjectStore(settings.storage)
    limits = UploadLimits(settings.api.upload_bytes, settings.api.uploads_bytes, settings.places.min_free_bytes)
    arrivals = Arrivals()
    followers = (
        TopicFollower(
            "consumer-status",
            lambda: ConfluentTopicReader(kafka, [kafka.topic(CONSUMER_STATUS)], FROM_BEGINNING),
            board.take,
        ),
        TopicFollower(
            "clip-events",
            lambda: ConfluentTopicReader(kafka, [kafka.topic(CLIP_EVENTS)], FROM_END),
            arrivals.take,
        ),
    )
    parts = ApiParts(
        settings=settings.api,
        database=database,
        users=users,
        sessions=sessions,
        login=Login(users, sessions, passwords, attempts, factor),
        accounts=UserRegistry(users, sessions, tokens, clock, first_grants, live),
        tokens=tokens,
        live=live,
        factor=factor,
        attempts=attempts,
        audit=audit,
        auditor=Auditor(audit, clock, settings.api.plate_search_reason),
        credentials=Credentials(
            users, sessions, tokens, passwords, attempts, clock, settings.api.sign_up, first_grants
        ),
        cameras=cameras,
        registry=registry,
        clips=clips,
        uploads=uploads,
        queries=QueryStore(database),
        intake=UploadIntake(uploads, store, settings.places.var_dir / UPLOADS_FOLDER, limits, clock),
        store=store,
        open_bucket=lru_cache(BUCKETS_MAX)(lambda bucket: _bucket(settings.storage, bucket)),
        public_store_url=settings.storage.public_endpoint_url,
        board=board,
        arrivals=arrivals,
        housekeeping=housekeeping,
        streams=EventStreams(clock),
        metrics=Metrics(),
        clock=clock,
    )
    return ApiService(parts, followers, producer, reader, database)
