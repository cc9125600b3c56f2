"""`python -m api_server.indexer`: the indexer, until SIGTERM or Ctrl-C. `python -m api_server.indexer prove-deleted
[CLIP ...]`: proves that deleted clips are gone and stay gone. Exit status 78: a setting is wrong."""

import argparse
import json
import logging
import signal
import sys

from api_server.indexer.wiring import open_indexer, open_proof
from api_server.settings import IndexerSettings, RetentionSettings
from common.deadline import Deadline
from common.errors import ConfigurationError, Transient
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


PROOF_S = 600.0
"""Reading a week of events takes seconds."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m api_server.indexer", description=__doc__)
    parser.add_argument("command", nargs="?", choices=("serve", "prove-deleted"), default="serve")
    parser.add_argument("clips", metavar="CLIP", nargs="*", help="ids of deleted clips; all of them if none is named")
    chosen = parser.parse_args(arguments)
    configure_logging(logging.INFO if chosen.command == "serve" else logging.WARNING)
    try:
        refuse_unknown_variables()
        if chosen.command == "prove-deleted":
            return _prove(chosen.clips)
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


def _prove(clips: list[str]) -> int:
    kafka, mongo, storage = load_settings(KafkaSettings), load_settings(MongoSettings), load_settings(StorageSettings)
    try:
        with open_proof(kafka, mongo, storage) as proof:
            found = proof.run(clips, Deadline(PROOF_S))
    except Transient as error:
        print(f"A server does not answer: {error}", file=sys.stderr)
        return 1
    print(json.dumps(found.to_dict()))
    return 0 if found.holds else 1


if __name__ == "__main__":
    sys.exit(main())
