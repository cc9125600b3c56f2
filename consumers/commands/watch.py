"""`python -m consumers watch`: detections as they happen, as JSON lines."""

import argparse
import sys

HELP = "print detections as they happen; JSON lines on standard output"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--camera", metavar="ID", default=None, help="of this camera only")
    parser.add_argument("--analysis", metavar="NAME", default=None, help="of this analysis only")
    parser.add_argument("--found", action="store_true", help="leave out frames in which nothing was found")
    parser.add_argument("--count", metavar="N", type=int, default=None, help="end after N lines")


def run(arguments: argparse.Namespace) -> int:
    """Until Ctrl-C, or N lines. Raises ConfigurationError."""
    from consumers.detection_watch import follow_detections  # noqa: PLC0415 - Kafka

    left = arguments.count
    for message in follow_detections():
        if arguments.camera not in (None, message.camera) or arguments.analysis not in (None, message.analysis):
            continue
        if arguments.found and not message.detections:
            continue
        sys.stdout.buffer.write(message.to_json() + b"\n")
        sys.stdout.buffer.flush()
        if left is not None:
            left -= 1
            if left <= 0:
                break
    return 0
