"""`python -m consumers measure`: what one frame costs here from JPEG to clip, without a model."""

import argparse

from consumers.commands.analyze import print_line

HELP = "measure what a 640x480 frame costs on this machine, without a model; one JSON line"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--frames", metavar="N", type=int, default=300, help="frames of one clip (default: 300)")
    parser.add_argument("--rounds", metavar="N", type=int, default=5, help="medians are over so many (default: 5)")


def run(arguments: argparse.Namespace) -> int:
    from consumers.frame_cost import measure  # noqa: PLC0415 - OpenCV

    cost = measure(max(1, arguments.frames), max(1, arguments.rounds))
    print_line(
        {
            "cpu_ms_per_frame": round(cost.pipeline_ms, 3),
            "sum_of_parts_ms": round(cost.sum_of_parts_ms, 3),
            "overhead_ms": round(cost.pipeline_ms - cost.sum_of_parts_ms, 3),
            "parts_ms": {name: round(value, 3) for name, value in cost.parts_ms.items()},
            "open_stream_mb": round(cost.stream_mb, 1),
            "frames": cost.frames,
            "rounds": cost.rounds,
        }
    )
    return 0
