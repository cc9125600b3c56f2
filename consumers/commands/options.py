"""Arguments that several subcommands take."""

import argparse
import json
from typing import Any

from common.contracts.frame import EVERY_MS_MAX
from consumers.registry import PLACES


def add_analysis(parser: argparse.ArgumentParser) -> None:
    """The positional NAME and `--option`."""
    parser.add_argument("name", metavar="NAME", help=f"the analysis: {', '.join(sorted(PLACES))}")
    parser.add_argument(
        "--option",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        type=parse_option,
        help="an option of the analysis; the value is JSON, or else taken as text",
    )


def add_every(parser: argparse.ArgumentParser, meaning: str) -> None:
    """`--every-ms`: the search interval."""
    parser.add_argument("--every-ms", metavar="MS", type=parse_every, default=None, help=meaning)


def parse_every(text: str) -> int:
    """0 (every frame) to a minute."""
    if not (text.isascii() and text.isdigit() and int(text) <= EVERY_MS_MAX):
        raise argparse.ArgumentTypeError(f"0 to {EVERY_MS_MAX} ms are possible")
    return int(text)


def parse_option(text: str) -> tuple[str, Any]:
    name, separator, value = text.partition("=")
    if not separator or not name.isidentifier():
        raise argparse.ArgumentTypeError(f"{text[:80]!r} is not NAME=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
