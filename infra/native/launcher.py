"""`make run`: the whole system on its fixed ports until Ctrl-C, and a last box that says where to look."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable

from common.errors import ConfigurationError
from common.settings import refuse_unknown_variables
from infra.native.records import AlreadyRunning
from infra.native.server import ServerFailed
from infra.native.services import reachable, services_of
from infra.native.settings import SystemSettings, read_settings
from infra.native.stack import Stack, StackFailed

EXIT_FAILED = 1
EXIT_CONFIGURATION = 78
LOOK_EVERY_S = 0.5
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
WIDTH = 100


class Stopped(Exception):
    """Ctrl-C or SIGTERM while the system was still starting."""


class StopSignals:
    """The first signal asks for a polite end, a second one kills. Install from the main thread."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.kill_now: Callable[[], None] = lambda: None

    def install(self) -> None:
        for number in SIGNALS:
            signal.signal(number, self._handle)

    def raise_if_asked(self) -> None:
        """Called where a start waits: an exception out of the handler could lose a process just being started."""
        if self.asked.is_set():
            raise Stopped

    def _handle(self, *_: object) -> None:
        if self.asked.is_set():
            say("killing everything")
            self.kill_now()
        else:
            self.asked.set()
            say("stopping (once more kills at once)")


def say(line: str) -> None:
    """One line, with the time, on standard output."""
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)


def run() -> int:
    """The whole system: start, print the box, watch, stop. Returns the exit status."""
    begin = time.monotonic()
    return operate(services_of, lambda stack: box(stack, time.monotonic() - begin))


def serve() -> int:
    """The servers and topics alone, until Ctrl-C; prints the variables that name them."""

    def variables(stack: Stack) -> str:
        return "\n".join(f"export {name}={value}" for name, value in stack.servers.endpoints.variables().items())

    return operate(lambda _: (), variables)


def operate(services: Callable[[SystemSettings], Iterable[str]], last_words: Callable[[Stack], str]) -> int:
    """Run a system until it is asked to stop; `last_words` is printed once it is ready."""
    try:
        refuse_unknown_variables()
        system = read_settings()
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return EXIT_CONFIGURATION
    chosen = tuple(services(system))
    signals = StopSignals()
    stack = Stack(system, services=chosen, report=say, allow_mongod=True, interrupt=signals.raise_if_asked)
    signals.kill_now = stack.signal_kill
    signals.install()
    status = 0
    try:
        if chosen:
            stack.start()
        else:
            stack.start_servers()
        print(last_words(stack), flush=True)
        while not signals.asked.wait(LOOK_EVERY_S):
            stack.check()
    except Stopped:
        pass
    except (StackFailed, ServerFailed, AlreadyRunning, ConfigurationError) as error:
        print(f"\n{error}", file=sys.stderr, flush=True)
        status = EXIT_FAILED
    finally:
        stack.stop()
    say(f"stopped; data stays in {system.var.root}")
    return status


def first_admin(system: SystemSettings) -> tuple[str, str] | None:
    """Name and password in `var/first-admin`; None once the password was made anew, or changed."""
    try:
        name, _, password = system.var.first_admin.read_text(encoding="utf-8").strip().partition(" ")
    except OSError:
        return None
    return name, password


def box(stack: Stack, seconds: float) -> str:
    """The last lines: the address, who signs in, one curl line that works, and where data and logs lie."""
    system = stack.system
    page = f"http://{reachable(system.launcher.page_bind)}:{system.ports.page}"
    admin = first_admin(system)
    lines = [f"lookout is ready after {seconds:.0f} s", "", f"Page      {page}"]
    if admin is not None:
        lines += [f"User      {admin[0]}", f"Password  {admin[1]}   (`make password` makes a new one)"]
    else:
        lines += ["User      admin", "Password  the one you set (`make password` makes a new one)"]
    lines += ["", "Send a picture of your own:", *curl_lines(stack)]
    if system.launcher.ingest_bind == "0.0.0.0":  # noqa: S104 - compared, not bound
        lines += ["", f"Cameras of this network reach port {system.ports.ingest}; the page is for this machine only."]
    for name, reason in stack.down().items():
        lines += ["", f"{name} is down: {reason.splitlines()[0]}"]
    lines += ["", f"Data and logs: {system.var.root}", "Ctrl-C stops everything; `make run` goes on where it was."]
    rule = "+" + "-" * WIDTH + "+"
    return "\n".join([rule, *(f"  {line}" for line in lines), rule])


def curl_lines(stack: Stack) -> list[str]:
    """A command to copy. With demo cameras it is complete, else the page has it for each camera."""
    tokens = stack.demo_tokens
    if not stack.demo_cameras:
        return ["add a camera on the page: it shows the command with the camera's token"]
    camera = stack.demo_cameras[0].camera_id
    address = f"http://{reachable(stack.system.launcher.ingest_bind)}:{stack.ports.ingest}/v1/cameras/{camera}/frames"
    return [
        f"curl -H 'Authorization: Bearer {tokens[camera]}' \\",
        f"     -H 'Content-Type: image/jpeg' --data-binary @picture.jpg {address}",
    ]
