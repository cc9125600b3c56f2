"""`python -m consumers pictures`: looks at single pictures for the API server, until SIGTERM."""

import argparse
import logging
import signal
import threading

from common.errors import ConfigurationError
from common.logs import configure_logging
from common.metrics import Metrics
from common.settings import load_settings, refuse_unknown_variables
from consumers.process_settings import PictureSettings

HELP = "look at single pictures for the API server until SIGTERM"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--bind", metavar="HOST", default="127.0.0.1", help="where the API server, and nobody else, calls"
    )


def run(arguments: argparse.Namespace) -> int:
    """0 when stopped. Raises ConfigurationError."""
    from consumers.pictures.desk import PictureDesk  # noqa: PLC0415 - OpenCV, models
    from consumers.pictures.server import PictureServer  # noqa: PLC0415

    configure_logging()
    refuse_unknown_variables()
    settings = load_settings(PictureSettings)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    key = settings.signing_key.get_secret_value().encode()
    try:
        server = PictureServer(arguments.bind, settings.port, PictureDesk(), key, Metrics())
    except OSError as error:
        raise ConfigurationError(f"Port {settings.port} cannot be used; change LOOKOUT_HEALTH_PORT: {error}") from error
    server.start()
    logging.getLogger("consumers.pictures").info("looks at pictures", extra={"port": server.port})
    stop.wait()
    server.stop()
    return 0
