"""`python -m consumers annotate NAME IN OUT.mp4`: the annotated video of a file, in one pass, without any server."""

import argparse
from pathlib import Path

from common.errors import ConfigurationError
from consumers.commands.analyze import print_line
from consumers.commands.options import add_analysis, add_every

HELP = "draw an analysis into a video: IN to OUT.mp4, in one pass"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_analysis(parser)
    parser.add_argument("source", metavar="IN", type=Path, help="a video (or picture) file")
    parser.add_argument(
        "target", metavar="OUT.mp4", type=Path, help="written whole or not at all; its sound is left out"
    )
    add_every(parser, "search interval in ms, 0 for every frame (default: that of the analysis)")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(arguments: argparse.Namespace) -> int:
    """0. Raises UnreadableMedia, ConfigurationError."""
    from consumers.annotated_file import annotate_file  # noqa: PLC0415 - models and OpenCV
    from consumers.offline import load_offline  # noqa: PLC0415

    if arguments.target.suffix.lower() != ".mp4":
        raise ConfigurationError(f"{arguments.target} does not end in .mp4.")
    if arguments.source.resolve() == arguments.target.resolve():
        raise ConfigurationError("IN and OUT.mp4 are the same file.")
    offline = load_offline(arguments.name, dict(arguments.option))
    every_ms = offline.definition.default_every_ms if arguments.every_ms is None else arguments.every_ms or None
    report = annotate_file(offline, arguments.source, arguments.target, every_ms, is_quiet=arguments.quiet)
    print_line(
        {
            "file": str(arguments.target),
            "frames": report.frames,
            "searched": report.searched,
            "sightings": [one.model_dump(mode="json", exclude_none=True) for one in report.sightings],
        }
    )
    return 0
