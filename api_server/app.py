"""The Flask application: the route table behind its gate."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask

from api_server.accounts.api_tokens import ApiTokens
from api_server.accounts.attempts import Attempts
from api_server.accounts.credentials import Credentials
from api_server.accounts.login import Login
from api_server.accounts.registry import UserRegistry
from api_server.accounts.second_factor import SecondFactor
from api_server.accounts.sessions import Sessions
from api_server.accounts.users import Users
from api_server.audit.auditor import Auditor
from api_server.audit.log import AuditLog
from api_server.cameras.live_leases import LiveLeases
from api_server.cameras.registry import CameraRegistry
from api_server.cameras.store import CameraStore
from api_server.clips.arrivals import Arrivals
from api_server.clips.holds import Holds
from api_server.clips.store import ClipStore
from api_server.database.port import Database
from api_server.exports.store import ExportStore
from api_server.housekeeping import Housekeeping
from api_server.http.body import BODY_MAX_BYTES
from api_server.http.dispatch import install
from api_server.http.event_stream import EventStreams
from api_server.http.gate import Gate
from api_server.http.headers import SecurityHeaders
from api_server.http.recheck import Recheck
from api_server.http.repeats import Repeats
from api_server.http.route import Route
from api_server.indexer.retention import Footprint, Kept
from api_server.pictures.purposes import PurposeStore
from api_server.pictures.service import PictureService
from api_server.queries.attendance import BoardAttendance
from api_server.queries.models import BoardModels
from api_server.queries.registry import QueryRegistry
from api_server.queries.store import QueryStore
from api_server.recordings.footage import Footage
from api_server.recordings.importing import ObjectImport
from api_server.recordings.intake import UploadIntake
from api_server.recordings.join import JoinLimits, SpanJoiner
from api_server.recordings.store import UploadStore
from api_server.routes.account_routes import AccountViews, account_routes
from api_server.routes.analysis_routes import analysis_routes
from api_server.routes.audit_routes import audit_routes
from api_server.routes.camera_routes import CameraViews, camera_routes
from api_server.routes.camera_token_routes import camera_token_routes
from api_server.routes.clip_event_routes import ClipEventViews, clip_event_routes
from api_server.routes.clip_routes import clip_routes
from api_server.routes.export_routes import ExportViews, export_routes
from api_server.routes.footage_routes import FootageViews, footage_routes
from api_server.routes.health_routes import health_routes
from api_server.routes.import_routes import ImportViews, import_routes
from api_server.routes.join_routes import JoinViews, join_routes
from api_server.routes.live_routes import live_routes
from api_server.routes.media_routes import MediaViews, media_routes
from api_server.routes.openapi_routes import openapi_routes
from api_server.routes.page_routes import page_routes
from api_server.routes.picture_routes import PictureViews, picture_routes
from api_server.routes.purpose_routes import PurposeViews, purpose_routes
from api_server.routes.query_event_routes import QueryEventViews, query_event_routes
from api_server.routes.query_listing import QueryListing
from api_server.routes.query_media_routes import QueryMediaViews, query_media_routes
from api_server.routes.query_routes import QueryViews, query_routes
from api_server.routes.recording_routes import RecordingViews, recording_routes
from api_server.routes.retention_routes import RetentionViews, retention_routes
from api_server.routes.session_routes import session_routes
from api_server.routes.share_routes import ShareViews, share_routes
from api_server.routes.sighting_routes import sighting_routes
from api_server.routes.state_answer import CameraStates
from api_server.routes.status_routes import status_routes
from api_server.routes.streaming import VideoSender
from api_server.routes.totp_routes import TotpViews, totp_routes
from api_server.routes.upload_routes import UploadViews, upload_routes
from api_server.routes.user_routes import UserViews, user_routes
from api_server.settings import ApiSettings
from api_server.shares.store import ShareStore
from api_server.status.analysis_notes import AnalysisNotes
from api_server.status.board import StatusBoard
from api_server.uploads.direct import DirectUploads
from api_server.uploads.receiver import UploadReceiver
from api_server.uploads.store import OpenUploadStore
from common.clock import Clock
from common.errors import Transient
from common.metrics import Metrics
from common.storage.parts import PartedStore
from common.storage.port import ObjectStore

HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class ApiParts:
    """Everything the routes are made of. `public_store_url`: where browsers reach the store, if they do. `open_bucket`:
    another bucket of the store, to be read alone."""

    settings: ApiSettings
    database: Database
    users: Users
    sessions: Sessions
    login: Login
    accounts: UserRegistry
    tokens: ApiTokens
    credentials: Credentials
    live: LiveLeases
    factor: SecondFactor
    attempts: Attempts
    audit: AuditLog
    auditor: Auditor
    cameras: CameraStore
    registry: CameraRegistry
    clips: ClipStore
    uploads: UploadStore
    queries: QueryStore
    intake: UploadIntake
    store: PartedStore
    open_bucket: Callable[[str], ObjectStore]
    public_store_url: str | None
    board: StatusBoard
    arrivals: Arrivals
    housekeeping: Housekeeping
    streams: EventStreams
    metrics: Metrics
    clock: Clock


def build_routes(parts: ApiParts) -> list[Route]:
    """The route table."""
    settings = parts.settings

    def ready() -> str | None:
        problem = parts.housekeeping.problem()
        if problem is not None:
            return problem
        try:
            parts.database.ping()
        except Transient:
            return "The database does not answer."
        return None

    states = CameraStates(parts.board, parts.clock)
    notes = AnalysisNotes(parts.board)
    camera_views = CameraViews(
        parts.cameras, parts.clips, parts.registry, parts.users, states, notes, settings.ingest_port
    )
    sender = VideoSender(parts.store, presigns=parts.public_store_url is not None)
    footage = Footage(parts.database)
    join_limits = JoinLimits(settings.span_hours * HOUR_MS, settings.span_bytes)
    joiner = SpanJoiner(footage, parts.store, join_limits, parts.clock)
    recording_views = RecordingViews(parts.cameras, footage, parts.uploads, parts.intake, sender, parts.clock)
    receiver = UploadReceiver(OpenUploadStore(parts.database), parts.uploads, parts.intake, parts.store, parts.clock)
    imports = ObjectImport(parts.intake, settings.import_bucket_names, parts.open_bucket)
    direct = DirectUploads(OpenUploadStore(parts.database), parts.uploads, parts.store, parts.clock)
    upload_views = UploadViews(receiver, direct, parts.auditor, parts.intake.file_bytes_max, parts.clock)
    attendance, models = BoardAttendance(parts.board, parts.clock), BoardModels(parts.board)
    listing = QueryListing(parts.cameras, parts.uploads, parts.queries, attendance)
    query_views = QueryViews(
        parts.cameras,
        parts.clips,
        parts.uploads,
        parts.queries,
        QueryRegistry(parts.queries, footage, parts.store, models, parts.clock),
        attendance,
        listing,
    )
    recheck = Recheck(parts.users, parts.sessions, parts.tokens)
    query_event_views = QueryEventViews(
        parts.cameras,
        parts.queries,
        parts.uploads,
        attendance,
        recheck,
        parts.streams,
        listing,
    )
    clip_event_views = ClipEventViews(parts.cameras, parts.clips, parts.arrivals, recheck, parts.streams, parts.clock)
    export_views = ExportViews(
        ExportStore(parts.database), parts.clips, parts.cameras, footage, parts.store, sender, parts.clock
    )
    shares = ShareStore(parts.database, parts.clock)
    share_views = ShareViews(shares, parts.clips, parts.cameras, parts.users, sender, parts.auditor, parts.clock)
    footprint = Footprint(parts.uploads, parts.queries, ExportStore(parts.database))
    retention_views = RetentionViews(parts.cameras, parts.clips, footprint, Kept.of(settings), parts.clock)
    pictures = PictureService(settings.pictures_url, settings.signing_key_bytes, parts.clock)
    purposes = PurposeStore(parts.database)
    picture_views = PictureViews(pictures, purposes, parts.clock)
    purpose_views = PurposeViews(parts.cameras, parts.queries, purposes, parts.users, parts.clock)
    routes = [
        *session_routes(parts.login, parts.sessions, parts.auditor),
        *join_routes(JoinViews(parts.credentials, parts.auditor)),
        *account_routes(AccountViews(parts.sessions, parts.tokens, parts.credentials, parts.auditor)),
        *user_routes(UserViews(parts.users, parts.accounts, parts.cameras, parts.clock, settings.sign_up)),
        *totp_routes(TotpViews(parts.factor, parts.attempts, parts.auditor)),
        *audit_routes(parts.audit),
        *camera_routes(camera_views),
        *analysis_routes(models, notes),
        *camera_token_routes(parts.registry),
        *clip_event_routes(clip_event_views),
        *clip_routes(parts.cameras, parts.clips, Holds(parts.database, parts.store, parts.clock)),
        *media_routes(MediaViews(parts.store, sender)),
        *sighting_routes(parts.cameras, parts.clips, parts.queries),
        *recording_routes(recording_views),
        *upload_routes(upload_views),
        *import_routes(ImportViews(imports)),
        *footage_routes(FootageViews(joiner, parts.store, sender)),
        *query_routes(query_views),
        *query_event_routes(query_event_views),
        *query_media_routes(QueryMediaViews(parts.store, sender)),
        *export_routes(export_views),
        *share_routes(share_views),
        *retention_routes(retention_views),
        *picture_routes(picture_views),
        *purpose_routes(purpose_views),
        *live_routes(
            parts.cameras, parts.users, parts.live, settings.signing_key_bytes, settings.signalling_port, parts.clock
        ),
        *status_routes(parts.cameras, parts.board, parts.database, parts.clock),
        *health_routes(ready, parts.metrics),
    ]
    pages = page_routes(parts.cameras, settings)
    return [*routes, *openapi_routes(routes), *pages]


def create_app(parts: ApiParts) -> Flask:
    """The application, without a server around it."""
    app = Flask("api_server", static_folder=None, template_folder="web/templates")
    app.config["MAX_CONTENT_LENGTH"] = BODY_MAX_BYTES
    # One address per thing: no redirects that would carry a request past the gate.
    app.url_map.strict_slashes = True
    app.url_map.merge_slashes = False
    gate = Gate(
        parts.users,
        parts.sessions,
        parts.tokens,
        parts.cameras,
        parts.clips,
        parts.uploads,
        parts.queries,
        ExportStore(parts.database),
        open_uploads=OpenUploadStore(parts.database),
        admins_need_totp=parts.settings.admin_totp,
    )
    headers = SecurityHeaders(parts.settings.signalling_port, parts.public_store_url)
    repeats = Repeats(parts.database, parts.clock)
    install(app, build_routes(parts), gate, parts.auditor, headers, parts.metrics, repeats, parts.attempts)
    return app
