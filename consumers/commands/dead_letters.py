"""`python -m consumers dead-letters list|show|save-frame|replay|drop`: records that could not be processed."""

import argparse
import contextlib
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from common.errors import ConfigurationError, LookoutError

if TYPE_CHECKING:
    from common.settings import KafkaSettings
    from consumers.dead_letters.box import Letter

HELP = "look at records that could not be processed; save their pictures, replay or drop them"
ACTIONS = ("list", "show", "save-frame", "replay", "drop")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=ACTIONS)
    parser.add_argument("numbers", metavar="N", type=int, nargs="*", help="letters, as `list` numbers them")
    parser.add_argument("--analysis", metavar="NAME", help="of this analysis only")
    parser.add_argument("--camera", metavar="ID", help="of this camera only")
    parser.add_argument("--reason", metavar="WORD", help="with this reason only")
    parser.add_argument("--all", action="store_true", help="list: dealt with as well; others: every letter that fits")
    parser.add_argument("--dry-run", action="store_true", help="replay, drop: say what would be done")
    parser.add_argument("--to", metavar="DIR", type=Path, default=Path(), help="save-frame: into this folder")


def run(arguments: argparse.Namespace) -> int:
    """0; 1 when something asked for could not be done. Raises ConfigurationError, Transient."""
    from common.settings import KafkaSettings, load_settings  # noqa: PLC0415 - Kafka

    kafka = load_settings(KafkaSettings)
    letters = list(_chosen(arguments, kafka))
    if arguments.action == "list":
        for letter in letters:
            _say(_line(letter))
        _say(f"{len(letters)} letters")
        return 0
    if not letters:
        raise ConfigurationError("No letter fits. Name numbers that `list` shows, or --all with a filter.")
    return _act(arguments, kafka, letters)


def _chosen(arguments: argparse.Namespace, kafka: "KafkaSettings") -> Iterator["Letter"]:
    from common.kafka.confluent import ConfluentLogReader  # noqa: PLC0415
    from common.topics import DEAD_LETTERS  # noqa: PLC0415
    from consumers.dead_letters.box import read_letters  # noqa: PLC0415

    with contextlib.closing(ConfluentLogReader(kafka, client_id="lookout-dead-letters")) as log:
        letters = read_letters(log, kafka.topic(DEAD_LETTERS))
    is_list = arguments.action == "list"
    for letter in letters:
        named = letter.number in arguments.numbers
        if (
            arguments.analysis in (None, letter.origin.analysis)
            and arguments.camera in (None, letter.camera)
            and arguments.reason in (None, letter.origin.reason)
            and (named or (not arguments.numbers and (is_list or arguments.all)))
            and (letter.handled is None or named or (is_list and arguments.all))
        ):
            yield letter


def _act(arguments: argparse.Namespace, kafka: "KafkaSettings", letters: list["Letter"]) -> int:
    from common.kafka.confluent import ConfluentProducer  # noqa: PLC0415
    from common.topics import DEAD_LETTERS, FRAMES  # noqa: PLC0415
    from consumers.dead_letters.box import LetterRefused, note, replay, replayable_frame  # noqa: PLC0415

    failed = 0
    frames, box = kafka.topic(FRAMES), kafka.topic(DEAD_LETTERS)
    with contextlib.closing(ConfluentProducer(kafka, client_id="lookout-dead-letters")) as producer:
        for letter in letters:
            try:
                if arguments.action == "show":
                    _show(letter)
                elif arguments.action == "save-frame":
                    _say(f"{letter.number}: saved as {_save(letter, arguments.to)}")
                elif arguments.action == "drop":
                    if not arguments.dry_run:
                        note(letter, "dropped", producer, box)
                    _say(f"{letter.number}: {'would be dropped' if arguments.dry_run else 'dropped'}")
                elif arguments.dry_run:
                    analysis = replayable_frame(letter).analyses[0].name
                    _say(f"{letter.number}: would go to {frames}[{letter.origin.partition}] for {analysis} alone")
                else:
                    delivery = replay(letter, producer, frames, box)
                    _say(f"{letter.number}: replayed as {frames}[{delivery.partition}] offset {delivery.offset}")
            except LetterRefused as error:
                failed += 1
                _say(str(error))
    return 1 if failed else 0


def _show(letter: "Letter") -> None:
    origin = letter.origin
    _say(_line(letter))
    _say(f"  from {origin.topic}[{origin.partition}] offset {origin.offset}, topic id {origin.topic_id}")
    _say(f"  {origin.reason}: {origin.detail or 'no detail'}; tried {origin.attempts} times; {_size(letter)}")
    for name, value in letter.headers:
        _say(f"  {name}: {value[:200].decode('utf-8', 'replace')!r}")


def _save(letter: "Letter", folder: Path) -> Path:
    """The bytes as they are, under a name that nothing from outside has a part in."""
    path = folder / f"dead-letter-{letter.number}.jpg"
    try:
        with path.open("xb") as file:
            file.write(letter.value or b"")
    except OSError as error:
        raise LookoutError(f"{path} cannot be written: {error.strerror}") from error
    return path


def _line(letter: "Letter") -> str:
    failed = datetime.fromtimestamp(letter.origin.failed_us / 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    origin = letter.origin
    state = letter.handled or "open"
    cells = (f"{letter.number:>6}", failed, f"{state:<8}", origin.analysis, letter.camera, origin.reason, _size(letter))
    return "  ".join(cells)


def _size(letter: "Letter") -> str:
    return f"{len(letter.value or b'')} bytes"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
