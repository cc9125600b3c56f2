"""One compose project, brought up beside any other and taken down without a trace."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
BUILD_LIMIT_S = 1_800.0
COMMAND_LIMIT_S = 300.0
SERVERS = frozenset({"kafka", "mongo", "s3"})


class ComposeFailed(Exception):
    """A compose command failed; the message holds the end of what it printed."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@dataclass(frozen=True)
class Project:
    """`environment` is added to the process's own: ports, DEMO."""

    name: str
    environment: Mapping[str, str]

    @property
    def page_url(self) -> str:
        return f"http://127.0.0.1:{self.environment['LOOKOUT_PAGE_PORT']}"

    def compose(self, *words: str, limit_s: float = COMMAND_LIMIT_S, stdin: str | None = None, **more: str) -> str:
        """Run `docker compose WORDS`; its standard output. Raises ComposeFailed."""
        command = ["docker", "compose", "--project-name", self.name, "--file", "docker-compose.yml", *words]
        return run(command, {**os.environ, **self.environment, **more}, limit_s, stdin)

    def up(self, *words: str, demo: str = "1") -> None:
        """Start what is not running. Returns when containers are started, not when they are ready."""
        self.compose("up", "--detach", "--no-build", "--quiet-pull", *words, DEMO=demo)

    def containers(self, everything: bool = False) -> list[dict[str, Any]]:
        """Id, service, state and health of each container."""
        words = ["ps", "--format", "json", *(["--all"] if everything else [])]
        text = self.compose(*words).strip()
        if not text:
            return []
        # One array, or one object a line: compose has printed both.
        return list(json.loads(text)) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]

    def of(self, service: str) -> list[dict[str, Any]]:
        return [c for c in self.containers() if c["Service"] == service]

    def wait_healthy(self, services: Sequence[str], limit_s: float) -> None:
        """Until every container of `services` is healthy. Raises ComposeFailed with the log of one that is not."""
        end_s = time.monotonic() + limit_s
        while True:
            now = self.containers(everything=True)
            missing = [
                name
                for name in services
                if not [c for c in now if c["Service"] == name]
                or any(c["Health"] != "healthy" for c in now if c["Service"] == name)
            ]
            if not missing:
                return
            if time.monotonic() > end_s:
                logs = self.compose("logs", "--tail", "30", missing[0])
                raise ComposeFailed(f"not healthy after {limit_s:.0f} s: {', '.join(missing)}\n{logs}")
            time.sleep(1)

    def memory_mb(self) -> dict[str, float]:
        """Memory of each of our services' containers, page cache left out, in MB by service."""
        found: dict[str, float] = {}
        for container in self.containers():
            if container["Service"] in SERVERS:
                continue
            stats = run(["docker", "stats", "--no-stream", "--format", "{{.MemUsage}}", container["ID"]], None, 60)
            found[container["Service"]] = found.get(container["Service"], 0.0) + megabytes(stats.split("/")[0].strip())
        return found

    def leftovers(self) -> dict[str, str]:
        """What of the project is still there: containers, volumes, networks."""
        label = f"label=com.docker.compose.project={self.name}"
        kinds = {
            "containers": ["docker", "ps", "--all", "--quiet", "--filter", label],
            "volumes": ["docker", "volume", "ls", "--quiet", "--filter", label],
            "networks": ["docker", "network", "ls", "--quiet", "--filter", label],
        }
        return {kind: out for kind, command in kinds.items() if (out := run(command, None, 60).strip())}

    def down(self) -> None:
        """Remove everything, data too."""
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "30")


def run(command: Sequence[str], environment: Mapping[str, str] | None, limit_s: float, stdin: str | None = None) -> str:
    """Standard output of a command. Raises ComposeFailed."""
    done = subprocess.run(
        command,
        cwd=REPOSITORY,
        env=None if environment is None else dict(environment),
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        timeout=limit_s,
        check=False,
    )
    if done.returncode != 0:
        raise ComposeFailed(
            f"{' '.join(command[:9])} ended with {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-3000:]}"
        )
    return done.stdout


def image_mb(name: str) -> float:
    """Uncompressed size of an image in MB (10^6 bytes)."""
    return int(run(["docker", "image", "inspect", "--format", "{{.Size}}", name], None, 60).strip()) / 1e6


def megabytes(text: str) -> float:
    """`12.5MiB`, `1.2GiB`, `800kB` in MB."""
    for unit, factor in (
        ("GiB", 1073.74),
        ("MiB", 1.048576),
        ("KiB", 0.001024),
        ("GB", 1000),
        ("MB", 1),
        ("kB", 0.001),
    ):
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * factor
    return float(text.removesuffix("B")) / 1e6
