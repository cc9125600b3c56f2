"""`python -m consumers run NAME --threads N`: one consumer service."""

import argparse
import os

from common.logs import configure_logging
from consumers.commands.options import add_analysis

HELP = "run one consumer service until SIGTERM"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    cores = len(os.sched_getaffinity(0))
    add_analysis(parser)
    parser.add_argument(
        "--threads", metavar="N", type=int, default=None, help=f"pool threads (default: {cores}, the cores)"
    )
    parser.add_argument(
        "--health-port", metavar="PORT", type=int, default=None, help="/livez, /readyz, /metrics; 0: any"
    )
    parser.add_argument(
        "--batch",
        metavar="N",
        type=int,
        default=None,
        help="pictures of any cameras that a thread gives the model at once, as far as they wait (default: 1)",
    )
    parser.add_argument(
        "--ordered-threads",
        metavar="N",
        type=int,
        default=None,
        help="further threads that only draw and encode (default: 0; the cores beside a model that waits)",
    )
    parser.add_argument("--session-timeout", metavar="S", type=float, default=None, help="of the group (default: 10 s)")


def run(arguments: argparse.Namespace) -> int:
    """The engine's exit status: 0 stopped, 70 crashed (start again), 78 a person has to act."""
    from consumers.wiring import RunOptions, run_consumer  # noqa: PLC0415 - Kafka, S3, OpenCV, models

    configure_logging()
    options = RunOptions(
        name=arguments.name,
        threads=arguments.threads,
        health_port=arguments.health_port,
        session_timeout_s=arguments.session_timeout,
        batch=arguments.batch,
        ordered_threads=arguments.ordered_threads,
        options=dict(arguments.option),
    )
    return run_consumer(options)
