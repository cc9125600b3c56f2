"""What the API server does beside answering: getting ready, and repeating what Kafka did not take at once."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from api_server.accounts.first_admin import ensure_first_admin
from api_server.accounts.passwords import Passwords
from api_server.accounts.users import Users
from api_server.cameras.demo import ensure_demo_cameras, read_demo_tokens
from api_server.cameras.publisher import SettingsPublisher
from api_server.cameras.reconcile import read_published, reconcile
from api_server.cameras.registry import CameraRegistry
from api_server.cameras.store import CameraStore
from api_server.database.port import Database
from common.clock import Clock
from common.deadline import Deadline
from common.errors import ConfigurationError, Transient
from common.kafka.ports import TopicReader
from common.retry import Backoff

log = logging.getLogger(__name__)

REPEAT_S = 2.0
"""Between two looks for tokens that end and settings that the topic lacks: a token ends within 5 s of its time."""
READ_TOPIC_S = 60.0
JOIN_S = 15.0
"""A little longer than one record may take to be sent."""


@dataclass(frozen=True, slots=True)
class StartParts:
    """What getting ready touches."""

    database: Database
    users: Users
    passwords: Passwords
    cameras: CameraStore
    registry: CameraRegistry
    publisher: SettingsPublisher
    make_settings_reader: Callable[[], TopicReader]
    var_dir: Path
    has_demo: bool
    clock: Clock


class Housekeeping:
    """One thread. At start, each step repeated until its servers answer:

    1. indexes are made and checked, the first admin is made: from here on people can sign in;
    2. what database and topic disagree on is settled (`reconcile`);
    3. the demo cameras are made or kept: from here on the server says that it is ready.

    Then, for as long as the server runs: tokens whose overlap is over end, and settings that the topic lacks are
    published.
    """

    def __init__(self, parts: StartParts) -> None:
        self._parts = parts
        self._stop = threading.Event()
        self._problem: str | None = "The server is starting."
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """At most JOIN_S. Idempotent."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(JOIN_S)

    def problem(self) -> str | None:
        """None once all steps were done, else a sentence. Any thread."""
        return self._problem

    def prepare(self) -> None:
        """Step 1. Raises Transient, ConfigurationError."""
        parts = self._parts
        parts.database.prepare()
        ensure_first_admin(parts.users, parts.passwords, parts.var_dir, parts.clock)
        self._problem = "People can sign in; the cameras are being compared with Kafka."

    def settle(self) -> None:
        """Steps 2 and 3. Raises Transient, ConfigurationError."""
        parts = self._parts
        reader = parts.make_settings_reader()
        try:
            published = read_published(reader, Deadline(READ_TOPIC_S))
        finally:
            reader.close()
        differing = reconcile(parts.cameras, parts.publisher, published, parts.clock)
        log.info("cameras settled", extra={"published": len(published), "differing": differing})
        if parts.has_demo:
            admin = ensure_first_admin(parts.users, parts.passwords, parts.var_dir, parts.clock)
            ensure_demo_cameras(parts.registry, read_demo_tokens(parts.var_dir), admin.id, parts.clock)
        self._problem = None

    def _run(self) -> None:
        try:
            if self._repeated(self.prepare) and self._repeated(self.settle):
                while not self._stop.wait(REPEAT_S):
                    self._keep_up()
        except ConfigurationError as error:
            log.exception("the server cannot get ready")
            self._problem = str(error)
        except Exception:
            # The thread must not vanish in silence: the server says that it is not ready, and the log says why.
            log.exception("housekeeping failed")
            self._problem = "The server failed while it got ready; its log says why."

    def _repeated(self, step: Callable[[], None]) -> bool:
        """Whether `step` was done before the server was stopped."""
        for delay_s in Backoff().delays():
            try:
                step()
            except Transient as error:
                log.warning("waiting for a server", extra={"step": step.__name__, "error": str(error)})
            else:
                return True
            if self._stop.wait(delay_s):
                return False
        raise AssertionError("delays() is endless")

    def _keep_up(self) -> None:
        try:
            self._parts.registry.end_retired_tokens()
            self._parts.publisher.publish_pending()
        except Transient as error:
            log.warning("settings wait for the database", extra={"error": str(error)})
