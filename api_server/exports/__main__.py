"""`python -m api_server.exports`: makes films until SIGTERM or Ctrl-C. Needs the extra `exports` (moviepy). Exit status
78: a setting is wrong, or moviepy is not there."""

import logging
import signal
import sys
import threading

from api_server.cameras.store import CameraStore
from api_server.clips.store import ClipStore
from api_server.database.mongo import MongoDatabase
from api_server.exports.film import require_moviepy
from api_server.exports.store import ExportStore
from api_server.exports.work_folder import work_folder
from api_server.exports.worker import FilmWorker
from api_server.settings import FilmSettings
from common.clock import SystemClock
from common.errors import ConfigurationError, Transient
from common.health import HealthServer
from common.logs import configure_logging
from common.metrics import Metrics
from common.settings import (
    MongoSettings,
    PlaceSettings,
    StorageSettings,
    load_settings,
    redacted,
    refuse_unknown_variables,
)
from common.storage.s3 import S3ObjectStore

EXIT_CONFIGURATION = 78
LOOK_S = 2.0
AGAIN_S = 10.0
FOLDER = "films"
"""Below LOOKOUT_VAR_DIR: where clips wait while a film is made of them."""
log = logging.getLogger("api_server.exports")


def main() -> int:
    configure_logging()
    try:
        refuse_unknown_variables()
        require_moviepy()
        own, places = load_settings(FilmSettings), load_settings(PlaceSettings)
        mongo, storage = load_settings(MongoSettings), load_settings(StorageSettings)
        log.info("makes films", extra=redacted(own, mongo, storage, places))
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        database = MongoDatabase(mongo)
        turns = Turns()
        health = open_health(own.health_port, turns)
        try:
            with work_folder(places.var_dir / FOLDER) as folder:
                exports, clips, cameras = ExportStore(database), ClipStore(database), CameraStore(database)
                store = S3ObjectStore(storage)
                worker = FilmWorker(exports, clips, cameras, store, folder, SystemClock(), stop.is_set)
                _work(worker, stop, turns)
        finally:
            health.stop()
            database.close()
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return EXIT_CONFIGURATION
    return 0


class Turns:
    """What the last look for work came to. The loop writes, health reads."""

    def __init__(self) -> None:
        self.problem: str | None = "It has not looked for work yet."


def open_health(port: int, turns: Turns) -> HealthServer:
    """Started. Raises ConfigurationError when the port is taken."""
    try:
        health = HealthServer("127.0.0.1", port, Metrics(), lambda: None, lambda: turns.problem)
    except OSError as error:
        raise ConfigurationError(f"LOOKOUT_HEALTH_PORT={port} cannot be had: {error}.") from error
    health.start()
    return health


def _work(worker: FilmWorker, stop: threading.Event, turns: Turns) -> None:
    while not stop.is_set():
        try:
            found = worker.run_once()
            turns.problem, wait_s = None, 0.0 if found else LOOK_S
        except Transient as error:
            log.warning("waiting for a server", extra={"error": str(error)})
            turns.problem, wait_s = f"It waits for a server: {error}", AGAIN_S
        stop.wait(wait_s)


if __name__ == "__main__":
    sys.exit(main())
