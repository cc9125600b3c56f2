"""`python -m api_server`: the API and the page, until SIGTERM or Ctrl-C. `python -m api_server reset-admin`: a new
password for the first admin, printed once. Exit status 78: a setting is wrong."""

import argparse
import logging
import sys

from api_server.accounts.first_admin import reset_admin
from api_server.accounts.passwords import Passwords
from api_server.accounts.users import Users
from api_server.database.mongo import MongoDatabase
from api_server.server import ApiServer
from api_server.settings import ApiSettings
from api_server.wiring import AllSettings, check_settings
from common.clock import SystemClock
from common.errors import ConfigurationError, Transient
from common.logs import configure_logging
from common.settings import (
    KafkaSettings,
    MongoSettings,
    PlaceSettings,
    StorageSettings,
    load_settings,
    redacted,
    refuse_unknown_variables,
)

EXIT_CONFIGURATION = 78
"""EX_CONFIG of sysexits.h: a supervisor must not restart what only a person can mend."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m api_server", description="lookout's API server and web page")
    parser.add_argument("command", nargs="?", choices=("serve", "reset-admin"), default="serve")
    command = parser.parse_args(arguments).command
    configure_logging(logging.INFO if command == "serve" else logging.WARNING)
    try:
        refuse_unknown_variables()
        return _serve() if command == "serve" else _reset()
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return EXIT_CONFIGURATION


def _serve() -> int:
    settings = AllSettings(
        load_settings(ApiSettings),
        load_settings(KafkaSettings),
        load_settings(MongoSettings),
        load_settings(StorageSettings),
        load_settings(PlaceSettings),
    )
    shown = redacted(settings.api, settings.kafka, settings.mongo, settings.storage, settings.places)
    logging.getLogger("api_server").info("api server starts", extra=shown)
    check_settings(settings)
    ApiServer(settings).run()
    return 0


def _reset() -> int:
    database = MongoDatabase(load_settings(MongoSettings))
    try:
        name, password = reset_admin(
            Users(database), Passwords(), load_settings(PlaceSettings).var_dir, SystemClock()
        )
    except Transient:
        print("The database does not answer. Start it first (make run), then try again.", file=sys.stderr)
        return 1
    finally:
        database.close()
    print(f"{name} {password}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
