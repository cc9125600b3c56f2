"""`python -m producer_service`: the ingest server, until SIGTERM or Ctrl-C. Exit status 78: a setting is wrong."""

import logging
import sys

from common.errors import ConfigurationError
from common.logs import configure_logging
from common.settings import KafkaSettings, PlaceSettings, load_settings, redacted, refuse_unknown_variables
from producer_service.server import IngestServer
from producer_service.settings import IngestSettings

EXIT_CONFIGURATION = 78
"""EX_CONFIG of sysexits.h: a supervisor must not restart what only a person can mend."""


def main() -> int:
    configure_logging()
    try:
        refuse_unknown_variables()
        ingest, kafka, places = (
            load_settings(IngestSettings),
            load_settings(KafkaSettings),
            load_settings(PlaceSettings),
        )
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return EXIT_CONFIGURATION
    logging.getLogger("producer_service").info("ingest starts", extra=redacted(ingest, kafka, places))
    IngestServer(ingest, kafka, places).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
