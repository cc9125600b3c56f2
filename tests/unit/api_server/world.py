"""Everything the API server and the indexer touch, in memory, and what tests put into it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api_server.access.subject import Role, Scope
from api_server.accounts.api_tokens import ApiTokens
from api_server.accounts.attempts import Attempts
from api_server.accounts.credentials import Credentials
from api_server.accounts.first_grants import FirstGrants
from api_server.accounts.login import Login
from api_server.accounts.passwords import Passwords
from api_server.accounts.registry import UserRegistry
from api_server.accounts.second_factor import SecondFactor
from api_server.accounts.sessions import Sessions
from api_server.accounts.users import User, Users
from api_server.app import ApiParts, create_app
from api_server.audit.auditor import Auditor
from api_server.audit.entry import AuditEntry
from api_server.audit.log import AuditLog
from api_server.cameras.address import ADDRESSES, KEY_FILE
from api_server.cameras.camera import Camera
from api_server.cameras.live_leases import LiveLeases
from api_server.cameras.publisher import SettingsPublisher
from api_server.cameras.registry import CameraRegistry, PartitionCount
from api_server.cameras.requests import NewCamera
from api_server.cameras.store import CameraStore
from api_server.clips.arrivals import Arrivals
from api_server.clips.records import ClipRecord
from api_server.clips.store import ClipStore
from api_server.database.memory import MemoryDatabase
from api_server.housekeeping import Housekeeping, StartParts
from api_server.http.event_stream import EventStreams
from api_server.indexer.erasure import ClipEraser
from api_server.indexer.writer import EventWriter
from api_server.queries.attendance import BoardAttendance
from api_server.queries.erasure import QueryEraser
from api_server.queries.events import QueryEvents
from api_server.queries.keeper import QueryKeeper
from api_server.queries.store import QueryStore
from api_server.recordings.intake import UploadIntake, UploadLimits
from api_server.recordings.preparation import PreparedUploads, UploadPreparer
from api_server.recordings.record import Upload, make_upload_id
from api_server.recordings.store import UploadStore
from api_server.seal import Seal
from api_server.settings import ApiSettings
from api_server.status.board import StatusBoard
from common.clock import FakeClock
from common.contracts.camera_settings import CameraSettings
from common.contracts.clip_event import ClipReady, clip_ready
from common.contracts.detection import ModelInfo, Sighting
from common.contracts.object_metadata import ClipMetadata
from common.contracts.query_sidecar import QuerySidecar, part_ready
from common.contracts.segment_job import result_key, result_poster_key
from common.contracts.sidecar import Fate, FrameEntry, Origin, Sidecar
from common.contracts.sidecar_box import pack_box
from common.kafka.memory import MemoryCluster
from common.metrics import Metrics
from common.settings import load_settings
from common.storage.clips import VIDEO_TYPE
from common.storage.memory import MemoryObjectStore
from common.storage.queries import sidecar_metadata
from common.topics import SEGMENT_JOBS, topic_specs

PASSWORD = "correct horse battery"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""argon2id as in production, at a price tests can pay."""
SIGNING_KEY = "k" * 32
VIDEO = bytes(range(256)) * 40
FILM = b"\x00\x00\x00\x18ftypisom" + b"\x00" * 8 + b"isom" + b"f" * 4_000
JPEG = b"\xff\xd8 a picture \xff\xd9"


class World:
    """One installation. Nothing runs by itself: tests call the parts they are about."""

    def __init__(
        self,
        var_dir: Path,
        public_url: str | None = None,
        signing_key: str | None = SIGNING_KEY,
        pictures_url: str = "",
        **settings: str,
    ) -> None:
        self.clock = FakeClock()
        self.database = MemoryDatabase()
        self.store = MemoryObjectStore(self.clock, public_endpoint_url=public_url)
        self.other_buckets = {"archive": MemoryObjectStore(self.clock), "denied": MemoryObjectStore(self.clock)}
        self.cluster = MemoryCluster(self.clock)
        for spec in topic_specs():
            self.cluster.create_topic(spec.name, spec.partitions)
        self.producer = self.cluster.producer()
        self.metrics = Metrics()
        self.users = Users(self.database)
        self.passwords = Passwords(CHEAP)
        named = {"SIGNING_KEY": signing_key or "", "PICTURES_URL": pictures_url, **settings}
        self.settings = load_settings(ApiSettings, {f"LOOKOUT_{name}": value for name, value in named.items()})
        self.sessions = Sessions(self.database, self.users, self.clock)
        self.tokens = ApiTokens(self.database, self.users, self.clock)
        self.attempts = Attempts()
        self.factor = SecondFactor(self.users, var_dir, self.clock)
        self.audit = AuditLog(self.database, self.clock)
        self.cameras = CameraStore(self.database)
        first_grants = self.first_grants = FirstGrants(self.cameras, self.settings.new_user_demo)
        self.credentials = Credentials(
            self.users,
            self.sessions,
            self.tokens,
            self.passwords,
            self.attempts,
            self.clock,
            self.settings.sign_up,
            first_grants,
        )
        self.clips = ClipStore(self.database)
        self.publisher = SettingsPublisher(self.cameras, self.producer, "camera-settings")
        partitions = PartitionCount(self.cluster.reader(), "frames")
        self.seal = Seal(var_dir / KEY_FILE, ADDRESSES)
        self.registry = CameraRegistry(self.cameras, self.clips, self.publisher, partitions, self.clock, self.seal)
        self.live = LiveLeases(self.cameras, self.registry, self.clock)
        self.accounts = UserRegistry(self.users, self.sessions, self.tokens, self.clock, self.first_grants, self.live)
        self.board = StatusBoard(self.clock)
        self.arrivals = Arrivals()
        self.uploads = UploadStore(self.database)
        self.queries = QueryStore(self.database)
        self.query_events = QueryEvents(self.queries, self.uploads, self.store, self.clock)
        self.attendance = BoardAttendance(self.board, self.clock)
        self.query_keeper = QueryKeeper(
            self.queries, self.store, self.producer, SEGMENT_JOBS, self.attendance, self.clock
        )
        self.query_eraser = QueryEraser(self.queries, self.uploads, self.store, self.clock)
        self.intake = UploadIntake(
            self.uploads, self.store, var_dir / "uploads", UploadLimits(10**6, 2 * 10**6, 0), self.clock
        )
        self.prepared = PreparedUploads(self.uploads, self.store)
        self.upload_preparer = UploadPreparer(self.uploads, self.producer, SEGMENT_JOBS, self.attendance, self.clock)
        self.writer = EventWriter(self.database, self.cameras, self.query_events, self.prepared, self.clock)
        self.eraser = ClipEraser(self.database, self.cameras, self.clips, self.store, self.metrics, self.clock)
        self.housekeeping = Housekeeping(
            StartParts(
                database=self.database,
                users=self.users,
                passwords=self.passwords,
                cameras=self.cameras,
                registry=self.registry,
                publisher=self.publisher,
                make_settings_reader=lambda: self.cluster.follower(["camera-settings"]),
                var_dir=var_dir,
                has_demo=True,
                clock=self.clock,
            )
        )
        self.streams = EventStreams(self.clock, look_every_s=0.02)
        self.parts = ApiParts(
            settings=self.settings,
            database=self.database,
            users=self.users,
            sessions=self.sessions,
            login=Login(self.users, self.sessions, self.passwords, self.attempts, self.factor),
            accounts=self.accounts,
            tokens=self.tokens,
            live=self.live,
            factor=self.factor,
            attempts=self.attempts,
            audit=self.audit,
            auditor=Auditor(self.audit, self.clock, self.settings.plate_search_reason),
            credentials=self.credentials,
            cameras=self.cameras,
            registry=self.registry,
            clips=self.clips,
            uploads=self.uploads,
            queries=self.queries,
            intake=self.intake,
            store=self.store,
            open_bucket=self.other_buckets.__getitem__,
            public_store_url=public_url,
            board=self.board,
            arrivals=self.arrivals,
            housekeeping=self.housekeeping,
            streams=self.streams,
            metrics=self.metrics,
            clock=self.clock,
        )
        self.app = create_app(self.parts)

    @property
    def now_ms(self) -> int:
        return self.clock.wall_us() // 1000

    def audited(self, action: str) -> list[AuditEntry]:
        """Entries of one action, the oldest first."""
        return self.audit.page({"action": action}, 0, None)[::-1]

    def add_user(self, name: str, role: Role = Role.OPERATOR) -> User:
        user = User(
            id=f"usr-{name}",
            name=name,
            role=role,
            password_hash=CHEAP.hash(PASSWORD),
            created_us=self.clock.wall_us(),
        )
        assert self.users.add(user)
        return user

    def browser(self) -> "Browser":
        return Browser(self.app.test_client())

    def signed_in(self, name: str, role: Role = Role.OPERATOR) -> "Browser":
        if self.users.named(name) is None:
            self.add_user(name, role)
        browser = self.browser()
        assert browser.sign_in(name).status_code == 200
        return browser

    def bearing(self, name: str, *scopes: Scope) -> "Browser":
        """A program with an API token of somebody's, of all scopes unless said otherwise."""
        user = self.users.named(name)
        assert user is not None
        browser = self.browser()
        text = self.tokens.make(user, "script", frozenset(scopes or Scope), 1)[1]
        browser.client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {text}"
        return browser

    def add_camera(self, owner: str, **wanted: Any) -> Camera:
        """A camera of the user `owner` (a name)."""
        user = self.users.named(owner)
        assert user is not None
        return self.registry.create(user.id, NewCamera(**{"name": "Door", **wanted}))[0]

    def published(self) -> dict[str, CameraSettings | None]:
        """The newest record of each camera in the topic."""
        newest: dict[str, CameraSettings | None] = {}
        for record in self.cluster.records("camera-settings"):
            assert record.key is not None
            value = record.value
            newest[record.key.decode()] = CameraSettings.model_validate_json(value) if value is not None else None
        return newest

    def put_clip(self, sidecar: Sidecar, derived: bool = True) -> ClipReady:
        """Store a clip as a consumer does; its event."""
        data = VIDEO + pack_box(sidecar)
        clip_id = sidecar.clip_id
        metadata = ClipMetadata.of(sidecar, len(VIDEO)).to_metadata()
        self.store.create(clip_id.video_key, data, VIDEO_TYPE, metadata)
        if derived:
            self.store.create(clip_id.sidecar_key, sidecar.to_json(), "application/json")
            self.store.create(clip_id.poster_key, JPEG, "image/jpeg")
            for sighting in sidecar.sightings:
                self.store.create(clip_id.crop_key(sighting.n), JPEG, "image/jpeg")
        return clip_ready(sidecar, len(data))

    def record(self, clip_id: str) -> ClipRecord:
        record = self.clips.known(clip_id)
        assert record is not None
        return record

    def delete(self, sidecar: Sidecar) -> str:
        """As a person does; the objects are still there. The clip's id."""
        record = self.record(str(sidecar.clip_id))
        self.clips.hide_window(record, "deleted by usr-ann")
        return record.id

    def add_upload(self, owner: str, **fields: Any) -> Upload:
        """An uploaded film of the user `owner` (a name)."""
        user = self.users.named(owner)
        assert user is not None
        now_us = self.clock.wall_us()
        given = {
            "id": make_upload_id(),
            "owner": user.id,
            "name": "Ärger im Hof.mp4",
            "container": "mp4",
            "media": "video/mp4",
            "size": len(FILM),
            "start_us": now_us,
            "created_us": now_us,
        }
        upload = Upload.model_validate(given | fields)
        self.store.replace(upload.key, FILM, upload.media, upload.to_metadata())
        assert self.uploads.add(upload)
        return upload

    def finish_query(
        self, query_id: str, sightings: tuple[Sighting, ...] = (), parts: int = 1, model: ModelInfo | None = None
    ) -> QuerySidecar:
        """As the workers do: parts, join, events."""
        query = self.queries.known(query_id)
        assert query is not None
        sidecar = QuerySidecar(
            query_id=query_id,
            analysis=query.question.analysis,
            part=0,
            parts=parts,
            is_result=True,
            frame_count=150,
            searched=30,
            duration_ms=15_000,
            width=640,
            height=480,
            model=model,
            sightings=sightings,
        )
        data = VIDEO + pack_box(sidecar)
        self.store.create(result_key(query_id), data, VIDEO_TYPE, sidecar_metadata(len(VIDEO)))
        self.store.create(result_poster_key(query_id), JPEG, "image/jpeg")
        self.query_events.write(part_ready(sidecar, result_key(query_id)))
        return sidecar

    def object_names(self) -> list[str]:
        return sorted(key.rsplit("/", 1)[1] for key in self.store.objects())

    def add_clip(self, sidecar: Sidecar) -> ClipReady:
        """Store and index a clip."""
        event = self.put_clip(sidecar)
        self.writer.write_clip(event)
        return event


class Browser:
    """A client that keeps its cookie and sends the CSRF token, as the page does."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.csrf = ""

    def sign_in(self, name: str, password: str = PASSWORD) -> TestResponse:
        response = self.client.post("/v1/session", json={"name": name, "password": password})
        if response.status_code == 200:
            self.csrf = response.get_json()["csrf_token"]
        return response

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(path, **options)

    def send(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> TestResponse:
        sent = {"X-CSRF-Token": self.csrf, **(headers or {})}
        data = None if body is None else json.dumps(body)
        kind = None if body is None else "application/json"
        return self.client.open(path, method=method, data=data, content_type=kind, headers=sent)


def make_sighting(n: int = 0, **fields: Any) -> Sighting:
    given = {
        "n": n,
        "kind": "plate",
        "text": "M AB 123",
        "confidence": 0.9,
        "first_us": 1_700_000_000_000_000 + n * 1_000_000,
        "last_us": 1_700_000_002_000_000 + n * 1_000_000,
        "frames": 4,
        "box": (10, 20, 100, 40),
        "best_pts_ms": 500,
        "track": n,
    }
    return Sighting.model_validate(given | fields)


def make_sidecar(
    camera: str = "cam-aaaaaaaaaa",
    analysis: str = "license_plate",
    start_ms: int = 1_700_000_000_000,
    *,
    length_ms: int = 10_000,
    remainder: int = 0,
    sightings: tuple[Sighting, ...] = (make_sighting(),),
    first_offset: int = 100,
    partition: int = 3,
    topic_id: str = "topic-id-1",
) -> Sidecar:
    """Five frames, 100 ms apart."""
    entries = tuple(
        FrameEntry(
            offset=first_offset + n,
            log_ms=start_ms + n * 100,
            fate=Fate.ANALYSED,
            session="s" * 22,
            seq=n,
            captured_us=(start_ms + n * 100) * 1000,
            ingested_us=(start_ms + n * 100) * 1000,
            pts_ms=n * 100,
        )
        for n in range(5)
    )
    return Sidecar(
        analysis=analysis,
        camera=camera,
        start_ms=start_ms,
        length_ms=length_ms,
        remainder=remainder,
        origin=Origin(topic="frames", topic_id=topic_id, partition=partition),
        t0_us=start_ms * 1000,
        frame_count=5,
        width=640,
        height=480,
        settings_version=1,
        complete=True,
        entries=entries,
        sightings=sightings,
    )


def recorder_sidecar(camera: str = "cam-aaaaaaaaaa", start_ms: int = 1_700_000_000_000) -> Sidecar:
    return make_sidecar(camera, "recorder", start_ms, sightings=())
