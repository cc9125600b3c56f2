"""`python -m consumers analyze NAME FILE...`: one JSON line per picture or frame, without any server."""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from common.errors import LookoutError
from consumers.commands.options import add_analysis, add_every

HELP = "analyse pictures and videos on this machine; JSON lines on standard output"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_analysis(parser)
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="JPEG, PNG, ... or any video PyAV opens")
    add_every(parser, "search interval of videos in ms; frames in between carry the last boxes (default: every frame)")


def run(arguments: argparse.Namespace) -> int:
    """0, or 1 when a file could not be read. Raises ConfigurationError."""
    from consumers.offline import load_offline  # noqa: PLC0415 - models and OpenCV

    offline = load_offline(arguments.name, dict(arguments.option))
    status = 0
    for path in arguments.files:
        try:
            for line in lines_of(offline.search_file(path, arguments.every_ms or None), path):
                print_line(line)
        except LookoutError as error:
            print_line({"file": str(path), "error": str(error)})
            status = 1
    return status


def lines_of(searched: Iterator[Any], path: Path) -> Iterator[dict[str, Any]]:
    for one in searched:
        line: dict[str, Any] = {
            "file": str(path),
            "frame": one.frame.number,
            "t": round(one.frame.time_s, 3),
            "detections": [found.model_dump(mode="json", exclude_none=True) for found in one.detections],
            "ms": round(one.model_ms, 2),
        }
        if one.is_carried:
            line["carried"] = True
        yield line


def print_line(line: dict[str, Any]) -> None:
    """Flushed: what reads the other end of a pipe sees each line as it comes."""
    sys.stdout.write(json.dumps(line, ensure_ascii=False, separators=(", ", ": ")) + "\n")
    sys.stdout.flush()
