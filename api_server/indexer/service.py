"""The indexer as a process: the loop, the chores, and health."""

import logging
import threading
from collections.abc import Sequence

from api_server.database.port import Database
from api_server.indexer.chores import ChoreThread
from api_server.indexer.loop import IndexerLoop
from common.errors import Transient
from common.health import HealthServer
from common.retry import Backoff

log = logging.getLogger(__name__)

CHECK_S = 1.0


class IndexerService:
    """`run` blocks on the thread that calls it, which becomes the loop's."""

    def __init__(self, database: Database, loop: IndexerLoop, chores: Sequence[ChoreThread]) -> None:
        self._database = database
        self._loop = loop
        self._chores = tuple(chores)
        self._stop = threading.Event()
        self._is_prepared = False

    def problem(self) -> str | None:
        """For `/readyz`. Any thread; does not block."""
        if not self._is_prepared:
            return "The indexer waits for the database."
        return self._loop.problem() or next((p for chore in self._chores if (p := chore.problem())), None)

    def request_stop(self) -> None:
        """From a signal handler."""
        self._stop.set()

    def run(self, health: HealthServer) -> int:
        """Until stopped; the exit status. Raises ConfigurationError."""
        health.start()
        watch = threading.Thread(target=self._watch_chores, name="chore-watch", daemon=True)
        try:
            if not self._prepare():
                return 0
            for chore in self._chores:
                chore.start()
            watch.start()
            self._loop.run(self._stop)
        finally:
            self._stop.set()
            for chore in self._chores:
                chore.stop()
            health.stop()
        return 1 if any(chore.failure for chore in self._chores) else 0

    def _prepare(self) -> bool:
        """Make and check the indexes; whether that was done before the process was stopped."""
        for delay_s in Backoff().delays():
            try:
                self._database.prepare()
            except Transient as error:
                log.warning("waiting for the database", extra={"error": str(error)})
            else:
                self._is_prepared = True
                return True
            if self._stop.wait(delay_s):
                return False
        raise AssertionError("delays() is endless")

    def _watch_chores(self) -> None:
        """A chore that died takes the process with it, in order: it is started anew, and does not limp on."""
        while not self._stop.wait(CHECK_S):
            if any(chore.failure for chore in self._chores):
                self._stop.set()
