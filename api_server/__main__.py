"""`python -m api_server`: the API and the page, until SIGTERM or Ctrl-C. `... reset-admin`: a new password for the
first admin, printed once. `... verify-audit [--head SEQ:HASH]`: whether the audit log is whole, and its head, to be
noted. Exit status 1: the database does not answer, or the log is not whole. 78: a setting is wrong."""

import argparse
import logging
import sys

from api_server.accounts.first_admin import reset_admin
from api_server.accounts.passwords import Passwords
from api_server.accounts.users import Users
from api_server.audit.entry import Note
from api_server.audit.log import AuditLog
from api_server.audit.verify import Head, verify
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
    parser.add_argument("command", nargs="?", choices=("serve", "reset-admin", "verify-audit"), default="serve")
    parser.add_argument("--head", type=_head, metavar="SEQ:HASH", help="of verify-audit: a head noted earlier")
    asked = parser.parse_args(arguments)
    command = asked.command
    configure_logging(logging.INFO if command == "serve" else logging.WARNING)
    try:
        refuse_unknown_variables()
        if command == "verify-audit":
            return _verify(asked.head)
        return _serve() if command == "serve" else _reset()
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return EXIT_CONFIGURATION


def _head(text: str) -> Head:
    try:
        return Head.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


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
        clock = SystemClock()
        AuditLog(database, clock).append(Note("password.reset_admin", by="command"))
        name, password = reset_admin(Users(database), Passwords(), load_settings(PlaceSettings).var_dir, clock)
    except Transient:
        print("The database does not answer. Start it first (make run), then try again.", file=sys.stderr)
        return 1
    finally:
        database.close()
    print(f"{name} {password}")
    return 0


def _verify(noted: Head | None) -> int:
    database = MongoDatabase(load_settings(MongoSettings))
    try:
        verdict = verify(AuditLog(database, SystemClock()), noted)
    except Transient:
        print("The database does not answer. Start it first (make run), then try again.", file=sys.stderr)
        return 1
    finally:
        database.close()
    head = f", head {verdict.head}" if verdict.head is not None else ""
    if verdict.problem is not None:
        print(f"NOT WHOLE: {verdict.problem}. {verdict.count} entries before it are right{head}.")
        return 1
    print(f"whole: {verdict.count} entries{head}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
