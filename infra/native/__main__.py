"""`python -m infra.native run|servers|exec|password|open|wipe`: what the Makefile calls once `.venv` is there."""

import argparse
import shutil
import subprocess
import sys
import webbrowser

from common.errors import ConfigurationError
from infra.native.environment import service_environment
from infra.native.launcher import run, serve
from infra.native.layout import REPOSITORY
from infra.native.records import lock_holder
from infra.native.services import reachable
from infra.native.settings import read_settings


def new_password() -> int:
    """Make a new password for the first admin; needs the running system's database."""
    words = [sys.executable, "-m", "api_server", "reset-admin"]
    return subprocess.run(words, cwd=REPOSITORY, env=service_environment(read_settings()), check=False).returncode


def run_words(words: list[str]) -> int:
    """Run a command with the running system's variables: its ports and keys. `python` is the checkout's own."""
    if not words:
        print("usage: python -m infra.native exec python -m consumers ledger", file=sys.stderr)
        return 2
    if words[0] == "python":
        words = [sys.executable, *words[1:]]
    return subprocess.run(words, env=service_environment(read_settings()), check=False).returncode


def open_page() -> int:
    system = read_settings()
    address = f"http://{reachable(system.launcher.page_bind)}:{system.ports.page}"
    print(address)
    return 0 if webbrowser.open(address) else 1


def wipe() -> int:
    """Delete what `make run` has written. Refuses while it runs: servers would write on into deleted files."""
    var = read_settings().var
    holder = lock_holder(var.runtime)
    if holder is not None:
        print(f"lookout runs in {var.root} (process {holder}): stop it first.", file=sys.stderr)
        return 1
    for folder in (var.data, var.logs, var.runtime, var.secrets):
        shutil.rmtree(folder, ignore_errors=True)
    for file in (var.demo_cameras, var.first_admin):
        file.unlink(missing_ok=True)
    print(f"All footage, accounts and keys in {var.root} are deleted.")
    return 0


COMMANDS = {
    "run": (run, "start everything and wait for Ctrl-C"),
    "servers": (serve, "start Kafka, MongoDB and S3 alone, with topics, and wait for Ctrl-C"),
    "password": (new_password, "make a new password for the first admin"),
    "wipe": (wipe, "delete all footage, accounts and keys"),
    "open": (open_page, "open the page in a browser"),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.native")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (_, what) in COMMANDS.items():
        commands.add_parser(name, help=what)
    execute = commands.add_parser("exec", help="run a command with the running system's variables")
    execute.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND ...")
    arguments = parser.parse_args()
    try:
        return run_words(arguments.words) if arguments.command == "exec" else COMMANDS[arguments.command][0]()
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 78


if __name__ == "__main__":
    sys.exit(main())
