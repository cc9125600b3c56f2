"""`python -m consumers COMMAND`: run a consumer, or use its analysis on files."""

import argparse
import importlib
import os
import sys

from common.errors import ConfigurationError, LookoutError

COMMANDS = ("run", "analyze", "annotate", "watch", "ledger", "dead-letters", "measure", "gallery", "pictures")
"""Each is a module of `consumers.commands`."""
EXIT_FAILED = 1
EXIT_CONFIGURATION = 78


def main(arguments: list[str] | None = None) -> int:
    """The exit status. Errors are one sentence on standard error."""
    parser = argparse.ArgumentParser(prog="python -m consumers", description=__doc__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name in COMMANDS:
        module = importlib.import_module(f"consumers.commands.{name.replace('-', '_')}")
        command = commands.add_parser(name, help=module.HELP, description=module.__doc__)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    chosen = parser.parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except ConfigurationError as error:
        print(f"consumers: {error}", file=sys.stderr)
        return EXIT_CONFIGURATION
    except LookoutError as error:
        print(f"consumers: {error}", file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our lines has seen enough; nothing more may be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main())
