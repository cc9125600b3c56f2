"""`python -m api_server.exports`: makes films until SIGTERM or Ctrl-C. Needs the extra `exports` (moviepy). Exit status
78: a setting is wrong, or moviepy is not there."""

import logging
import shutil
import signal
import sys
import threading

from api_server.cameras.store import CameraStore
from api_server.clips.store import ClipStore
from api_server.database.mongo import MongoDatabase
from api_server.exports.film import require_moviepy
from api_server.exports.store import ExportStore
from api_server.exports.worker import FilmWorker
from common.clock import SystemClock
from common.errors import ConfigurationError, Transient
from common.logs import configure_logging
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
"""Below LOOKOUT_VAR_DIR: where clips wait while a film is made of them; one worker for each such folder."""
log = logging.getLogger("api_server.exports")


def main() -> int:
    configure_logging()
    try:
        refuse_unknown_variables()
        require_moviepy()
        mongo, storage, places = (
            load_settings(MongoSettings),
            load_settings(StorageSettings),
            load_settings(PlaceSettings),
        )
        log.info("makes films", extra=redacted(mongo, storage, places))
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        folder = places.var_dir / FOLDER
        # What a kill has left.
        shutil.rmtree(folder, ignore_errors=True)
        database = MongoDatabase(mongo)
        try:
            worker = FilmWorker(
                ExportStore(database),
                ClipStore(database),
                CameraStore(database),
                S3ObjectStore(storage),
                folder,
                SystemClock(),
                stop.is_set,
            )
            _work(worker, stop)
        finally:
            database.close()
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return EXIT_CONFIGURATION
    return 0


def _work(worker: FilmWorker, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            if worker.run_once():
                continue
            wait_s = LOOK_S
        except Transient as error:
            log.warning("waiting for a server", extra={"error": str(error)})
            wait_s = AGAIN_S
        stop.wait(wait_s)


if __name__ == "__main__":
    sys.exit(main())
