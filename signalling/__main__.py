"""`python -m signalling`: the live server, until SIGTERM or Ctrl-C. Exit status 78: a setting is wrong."""

import asyncio
import logging
import sys

from common.errors import ConfigurationError
from common.logs import configure_logging
from common.settings import KafkaSettings, load_settings, redacted, refuse_unknown_variables
from signalling.service import serve
from signalling.settings import SignallingSettings
from signalling.wiring import build_service

EXIT_CONFIGURATION = 78
"""EX_CONFIG of sysexits.h: a supervisor must not restart what only a person can mend."""


def main() -> int:
    configure_logging()
    try:
        refuse_unknown_variables()
        settings, kafka = load_settings(SignallingSettings), load_settings(KafkaSettings)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return EXIT_CONFIGURATION
    logging.getLogger("signalling").info("signalling starts", extra=redacted(settings, kafka))

    async def run() -> None:
        await serve(build_service(settings, kafka))

    try:
        asyncio.run(run())
    except OSError as error:
        print(f"Port {settings.port} cannot be listened on ({error}): set LOOKOUT_SIGNALLING_PORT.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
