"""`python -m consumers ledger`: every offset of the retained log in exactly one state, per camera and analysis."""

import argparse
import contextlib
import sys

from common.errors import ConfigurationError
from consumers.registry import PLACES

HELP = "account for every frame of the retained log; exit status 1 when one is unexplained or stored twice"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--analysis", metavar="NAME", action="append", help="of this one only (default: all)")
    parser.add_argument("--json", action="store_true", help="JSON instead of a table")


def run(arguments: argparse.Namespace) -> int:
    """0 when the books balance, else 1. Raises ConfigurationError, Transient."""
    from common.kafka.confluent import ConfluentLogReader  # noqa: PLC0415 - Kafka and S3
    from common.settings import KafkaSettings, StorageSettings, load_settings  # noqa: PLC0415
    from common.storage.s3 import S3ObjectStore  # noqa: PLC0415
    from common.topics import CLIP_EVENTS, DEAD_LETTERS, FRAMES  # noqa: PLC0415
    from consumers.ledger.report import Topics, draw_up, to_json, to_table  # noqa: PLC0415

    names = arguments.analysis or list(PLACES)
    unknown = sorted(set(names) - set(PLACES))
    if unknown:
        raise ConfigurationError(f"There is no analysis {unknown[0][:64]!r}. Known: {', '.join(sorted(PLACES))}.")
    kafka = load_settings(KafkaSettings)
    store = S3ObjectStore(load_settings(StorageSettings))
    topics = Topics(kafka.topic(FRAMES), kafka.topic(CLIP_EVENTS), kafka.topic(DEAD_LETTERS))
    with contextlib.closing(ConfluentLogReader(kafka, client_id="lookout-ledger")) as log:
        ledgers = [draw_up(name, name, topics, store, log) for name in names]
    sys.stdout.write((to_json(ledgers) if arguments.json else to_table(ledgers)) + "\n")
    return 0 if all(ledger.is_balanced for ledger in ledgers) else 1
