"""The MongoDB-wire server: the embedded one (mongo-java-server on an H2 file), or a real mongod.

Which one is decided once, by what is there: data of an earlier start stays with its server; a new folder takes `mongod`
when one is on PATH, else the embedded server. Tests always take the embedded one.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.native.child import Command
from infra.native.jars import MONGO_CLASSES, MONGO_JARS
from infra.native.layout import VarFolder
from infra.native.ports import LOOPBACK, Ports
from infra.native.server import NotReady, Server, ServerFailed, class_path, java_words

NAME = "mongo"
HEAP_MIB = 384
PROBE_MS = 2000
DATABASE = "lookout"


def embedded_file(var: VarFolder) -> Path:
    return var.data / "mongo" / "lookout.mv.db"


def mongod_folder(var: VarFolder) -> Path:
    return var.data / "mongod"


def choose_mongod(var: VarFolder, *, allow_mongod: bool) -> str | None:
    """The path of the mongod to run, or None for the embedded server. Raises ServerFailed when mongod has gone."""
    program = shutil.which("mongod")
    if mongod_folder(var).is_dir():
        if program is None:
            raise ServerFailed(
                f"The data in {mongod_folder(var)} was written by mongod, which is no longer on PATH: install it, "
                "or name a server in MONGODB_URL."
            )
        return program
    return None if embedded_file(var).exists() or not allow_mongod else program


def build_mongo(var: VarFolder, ports: Ports, environment: Mapping[str, str], *, allow_mongod: bool) -> Server:
    mongod = choose_mongod(var, allow_mongod=allow_mongod)
    if mongod is not None:
        folder = mongod_folder(var)
        words: tuple[str, ...] = (mongod, "--dbpath", str(folder), "--bind_ip", LOOPBACK, "--port", str(ports.mongo))
        words += ("--wiredTigerCacheSizeGB", "0.25", "--quiet")
    else:
        folder = embedded_file(var).parent
        words = (
            *java_words(HEAP_MIB, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"),
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-cp", class_path(MONGO_CLASSES, MONGO_JARS), "MongoWire",
            str(embedded_file(var)), LOOPBACK, str(ports.mongo),
        )  # fmt: skip
    return Server(
        Command(NAME, words, environment),
        lambda: folder.mkdir(parents=True, exist_ok=True),
        lambda: probe_mongo(f"mongodb://{LOOPBACK}:{ports.mongo}/{DATABASE}"),
        "LOOKOUT_MONGO_PORT",
    )


def probe_mongo(url: str) -> None:
    """Ping the server. Raises NotReady; the message never holds the URL, which may carry a password."""
    from pymongo import MongoClient  # noqa: PLC0415 - preflight imports this package without .venv
    from pymongo.errors import PyMongoError  # noqa: PLC0415

    client: MongoClient[dict[str, Any]]
    with MongoClient(url, serverSelectionTimeoutMS=PROBE_MS, socketTimeoutMS=PROBE_MS) as client:
        try:
            client.admin.command("ping")
        except PyMongoError as error:
            raise NotReady(f"MongoDB: {type(error).__name__}") from error
