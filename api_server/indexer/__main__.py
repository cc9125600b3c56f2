"""`python -m api_server.indexer`: the indexer, until SIGTERM or Ctrl-C. Exit status 78: a setting is wrong."""

import logging
import signal
import sys

from api_server.indexer.wiring import open_indexer
from api_server.settings import IndexerSettings, RetentionSettings
from common.errors import ConfigurationError
from common.health import HealthServer
from common.logs import configure_logging
from common.metrics import Metrics
from common.settings import (
    KafkaSettings,
    MongoSettings,
    StorageSettings,
    load_settings,
    redacted,
    refuse_unknown_variables,
)

EXIT_CONFIGURATION = 78
"""EX_CONFIG of sysexits.h: a supervisor must not restart what only a person can mend."""


def main() -> int:
    configure_logging()
    try:
        refuse_unknown_variables()
        own, retention = load_settings(IndexerSettings), load_settings(RetentionSettings)
        kafka, mongo = load_settings(KafkaSettings), load_settings(MongoSettings)
        storage = load_settings(StorageSettings)
        shown = redacted(own, retention, kafka, mongo, storage)
        logging.getLogger("api_server.indexer").info("indexer starts", extra=shown)
        metrics = Metrics()
        with open_indexer(kafka, mongo, storage, retention, metrics) as service:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: service.request_stop())
            health = HealthServer("127.0.0.1", own.health_port, metrics, lambda: None, service.problem)
            return service.run(health)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return EXIT_CONFIGURATION


if __name__ == "__main__":
    sys.exit(main())
