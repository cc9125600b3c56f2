"""`python -m consumers gallery enrol|list|delete|receipts`: whose faces are recognised."""

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from common.errors import ConfigurationError
from consumers.commands.analyze import print_line
from consumers.commands.options import parse_option

if TYPE_CHECKING:
    from consumers.pipeline.analysis import Picture

HELP = "enrol people from pictures or sightings, list them, delete them with proof"
ACTIONS = ("enrol", "list", "delete", "receipts")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=ACTIONS)
    parser.add_argument("name", metavar="NAME", nargs="?", help="enrol, delete: of the person")
    parser.add_argument("files", metavar="FILE", nargs="*", type=Path, help="enrol: pictures that show one face each")
    parser.add_argument(
        "--sighting", metavar="CLIP:N", action="append", default=[], help="enrol: a sighting's own crop"
    )
    parser.add_argument("--option", metavar="NAME=VALUE", action="append", default=[], type=parse_option)


def run(arguments: argparse.Namespace) -> int:
    """0. Raises ConfigurationError, Transient."""
    from consumers.recognition.analyzer import gallery_folder  # noqa: PLC0415 - models and OpenCV
    from consumers.recognition.gallery import Gallery  # noqa: PLC0415

    gallery = Gallery(gallery_folder())
    now_us = time.time_ns() // 1000
    if arguments.action == "list":
        for person in gallery.people():
            print_line({"name": person.name, "pictures": len(person.embeddings), "network": person.model_sha256[:12]})
        return 0
    if arguments.action == "receipts":
        for receipt in gallery.receipts():
            print_line({**receipt.model_dump(), "nothing_left": gallery.prove(receipt)})
        return 0
    if not arguments.name:
        raise ConfigurationError(f"{arguments.action} needs a NAME.")
    if arguments.action == "delete":
        for receipt in gallery.delete(arguments.name, now_us):
            print_line({**receipt.model_dump(), "nothing_left": gallery.prove(receipt)})
        return 0
    return _enrol(arguments, now_us)


def _enrol(arguments: argparse.Namespace, now_us: int) -> int:
    from consumers.recognition.analyzer import build_reader, gallery_folder  # noqa: PLC0415
    from consumers.recognition.gallery import Gallery  # noqa: PLC0415
    from consumers.recognition.options import read_options  # noqa: PLC0415

    reader = build_reader(read_options(dict(arguments.option)))
    pictures = [(str(path), _picture(path)) for path in arguments.files]
    pictures += [(named, _sighting(named)) for named in arguments.sighting]
    if not pictures:
        raise ConfigurationError("enrol needs a FILE or a --sighting.")
    embeddings = []
    for origin, picture in pictures:
        faces = reader.read(picture)
        if len(faces) != 1:
            raise ConfigurationError(f"{origin} shows {len(faces)} faces; it must be one.")
        embeddings.append(faces[0][1])
    gallery = Gallery(gallery_folder())
    person = gallery.enrol(arguments.name, embeddings, reader.embedder.source.sha256, now_us)
    print_line({"name": person.name, "pictures": len(person.embeddings)})
    return 0


def _picture(path: Path) -> "Picture":
    from consumers.pipeline.media_file import MediaFile  # noqa: PLC0415

    return next(MediaFile(path).frames()).picture


def _sighting(named: str) -> "Picture":
    """The crop that was stored beside the clip. Raises ConfigurationError, NotFound, Transient."""
    from common.contracts.clip import ClipId  # noqa: PLC0415
    from common.settings import StorageSettings, load_settings  # noqa: PLC0415
    from common.storage.s3 import S3ObjectStore  # noqa: PLC0415
    from consumers.pipeline.decode import decode_jpeg  # noqa: PLC0415

    clip, separator, number = named.rpartition(":")
    if not separator or not (number.isascii() and number.isdigit()):
        raise ConfigurationError(f"{named[:80]!r} is not CLIP:N, the id of a clip and the number of a sighting.")
    try:
        key = ClipId.parse(clip).crop_key(int(number))
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
    return decode_jpeg(S3ObjectStore(load_settings(StorageSettings)).read(key))
