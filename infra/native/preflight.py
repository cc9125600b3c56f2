"""`make doctor`: what a machine lacks, all at once, each with the lines that mend it. Standard library only.

    python3 -m infra.native.preflight [--run]

`--run` is what `make run` does before anything else: silent but for problems.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.native.jars import KAFKA_JARS, MONGO_CLASSES, MONGO_JARS, S3PROXY_JARS, VERSITYGW
from infra.native.layout import VENV, VarFolder, var_folder
from infra.native.ports import LOOPBACK, PortError, is_free, ports_from, variable_of
from infra.native.records import leftovers, lock_holder

SUPPORTED_PYTHONS = ((3, 11), (3, 12))
JAVA_LOWEST = 17
ANSWER_S = 15
GIB = 1024**3
# .venv, servers and the packages' archives while they are unpacked.
SETUP_BYTES = 4 * GIB
# Two demo cameras fill about 1 GiB an hour; below LOOKOUT_MIN_FREE_BYTES ingest answers 507 at once.
RUN_HEADROOM_BYTES = 1 * GIB
DEFAULT_MIN_FREE_BYTES = 2 * GIB
# Kafka 0.8, the other servers 0.5, eight Python processes 1.5 GiB, with two demo cameras.
MEMORY_BYTES = 3 * GIB


@dataclass(frozen=True)
class Problem:
    """Something that is missing: one line, and how to mend it on Debian and with Homebrew."""

    sentence: str
    apt: str = ""
    brew: str = ""

    def lines(self) -> str:
        mends = [f"      Debian, Ubuntu: sudo apt-get install {self.apt}"] if self.apt else []
        mends += [f"      Homebrew:       brew install {self.brew}"] if self.brew else []
        return "\n".join([f"  - {self.sentence}", *mends])


def find_problems(environment: Mapping[str, str]) -> list[Problem]:
    """Everything that would keep the system from starting, with what this environment asks for."""
    var = var_folder()
    problems = check_python(sys.version_info[:2]) + check_venv()
    if needs_java(environment):
        problems += check_java()
        problems += check_maven()
    problems += check_versitygw(environment)
    problems += check_disk(var, environment)
    problems += check_attributes(var, environment)
    problems += check_memory(available_memory_bytes())
    problems += check_ports(var, environment)
    return problems


def needs_java(environment: Mapping[str, str]) -> bool:
    """Whether at least one native server is to run."""
    return not all(environment.get(name) for name in ("KAFKA_BOOTSTRAP_SERVERS", "MONGODB_URL", "S3_ENDPOINT_URL"))


def check_python(version: tuple[int, ...]) -> list[Problem]:
    if version in SUPPORTED_PYTHONS:
        return []
    found = ".".join(map(str, version))
    return [
        Problem(
            f"Python 3.11 or 3.12 is needed, this is {found}. Another one is named by: make PYTHON=python3.11 ...",
            "python3.11 python3.11-venv",
            "python@3.11",
        )
    ]


def check_venv() -> list[Problem]:
    """Debian ships Python without the part that puts pip into a new environment."""
    if VENV.is_dir() or importlib.util.find_spec("ensurepip") is not None:
        return []
    return [Problem("Python cannot make environments with pip: its module `ensurepip` is missing.", "python3.11-venv")]


def check_java() -> list[Problem]:
    """Java 17 or later, with its compiler."""
    missing = []
    for program in ("java", "javac"):
        version = java_version(program)
        if version is None:
            missing.append(f"`{program}` was not found")
        elif version < JAVA_LOWEST:
            missing.append(f"`{program}` is version {version}")
    if not missing:
        return []
    return [
        Problem(
            f"Java {JAVA_LOWEST} or later is needed: {', '.join(missing)}.", "openjdk-17-jdk-headless", "openjdk@17"
        )
    ]


def java_version(program: str) -> int | None:
    """The feature version of `java` or `javac`; None when it cannot be started."""
    home = os.environ.get("JAVA_HOME")
    path = str(Path(home) / "bin" / program) if home else program
    try:
        outcome = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=ANSWER_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return feature_version(outcome.stderr + outcome.stdout)


def feature_version(text: str) -> int | None:
    """`openjdk version "17.0.15"`, `javac 21`, `java version "1.8.0_402"` -> 17, 21, 8."""
    found = re.search(r"(?:version \"|javac )(?:1\.)?(\d+)", text)
    return int(found[1]) if found else None


def check_maven() -> list[Problem]:
    """Maven is needed until the servers have been fetched."""
    if all(folder.is_dir() for folder in (KAFKA_JARS, MONGO_JARS, MONGO_CLASSES, S3PROXY_JARS)) or shutil.which("mvn"):
        return []
    return [Problem("Maven is needed to fetch the servers: `mvn` was not found.", "maven", "maven")]


def check_versitygw(environment: Mapping[str, str]) -> list[Problem]:
    if environment.get("LOOKOUT_S3_SERVER") != "versitygw" or VERSITYGW.is_file():
        return []
    if shutil.which("go"):
        return [Problem("LOOKOUT_S3_SERVER=versitygw: it is not built yet, run `make versitygw`.")]
    return [Problem("LOOKOUT_S3_SERVER=versitygw needs Go to build it: `go` was not found.", "golang-go", "go")]


def check_disk(var: VarFolder, environment: Mapping[str, str]) -> list[Problem]:
    place = existing_parent(Path(environment.get("LOOKOUT_DISK_PATH") or var.root))
    free = shutil.disk_usage(place).free
    text = environment.get("LOOKOUT_MIN_FREE_BYTES") or str(DEFAULT_MIN_FREE_BYTES)
    if not text.isdecimal():
        return [Problem(f"LOOKOUT_MIN_FREE_BYTES={text!r} is not a number of bytes.")]
    needed = int(text) + RUN_HEADROOM_BYTES + (0 if VENV.is_dir() else SETUP_BYTES)
    if free >= needed:
        return []
    return [
        Problem(
            f"{place} has {free / GIB:.1f} GiB free, {needed / GIB:.1f} GiB are needed: free some, or name another "
            "folder in LOOKOUT_VAR_DIR."
        )
    ]


def existing_parent(path: Path) -> Path:
    """The nearest folder of `path` that exists."""
    return next(folder for folder in (path, *path.parents) if folder.exists())


def check_attributes(var: VarFolder, environment: Mapping[str, str]) -> list[Problem]:
    """s3proxy keeps an object's metadata in extended attributes of its file; without them they vanish in silence."""
    if environment.get("S3_ENDPOINT_URL") or not hasattr(os, "setxattr"):
        return []
    place = existing_parent(var.root)
    try:
        with tempfile.NamedTemporaryFile(dir=place) as probe:
            os.setxattr(probe.name, "user.lookout", b"1")
    except OSError as error:
        return [
            Problem(
                f"The file system of {place} keeps no extended attributes ({error.strerror}), and the S3 server needs "
                "them: name a folder on another one in LOOKOUT_VAR_DIR."
            )
        ]
    return []


def check_memory(available: int | None) -> list[Problem]:
    if available is None or available >= MEMORY_BYTES:
        return []
    return [Problem(f"{available / GIB:.1f} GiB of memory are available, {MEMORY_BYTES / GIB:.0f} GiB are needed.")]


def available_memory_bytes() -> int | None:
    """What the kernel could give now, and no more than the container's limit; None where neither can be read."""
    values = []
    try:
        found = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text(encoding="ascii"))
        values += [int(found[1]) * 1024] if found else []
    except OSError:
        pass
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
        values += [int(limit)] if limit.isdecimal() else []
    except OSError:
        pass
    return min(values, default=None)


def check_ports(var: VarFolder, environment: Mapping[str, str]) -> list[Problem]:
    """One line per port that is taken, naming the variable that moves it."""
    try:
        ports = ports_from(environment)
    except PortError as error:
        return [Problem(str(error))]
    holder = lock_holder(var.runtime)
    if holder is not None:
        return [Problem(f"lookout runs in {var.root} already (process {holder}): stop it, or set LOOKOUT_VAR_DIR.")]
    if leftovers(var.runtime):
        # A killed launcher's processes hold our own ports; the next start ends them first.
        return []
    ingest_bind = environment.get("LOOKOUT_INGEST_BIND") or "0.0.0.0"  # noqa: S104 - what ingest will bind
    page_bind = environment.get("LOOKOUT_PAGE_BIND") or LOOPBACK
    wanted = [("ingest", ports.ingest, ingest_bind), ("page", ports.page, page_bind)]
    wanted += [("signalling", ports.signalling, page_bind)]
    if not environment.get("KAFKA_BOOTSTRAP_SERVERS"):
        wanted += [("kafka", ports.kafka, LOOPBACK), ("kafka", ports.kafka_controller, LOOPBACK)]
    if not environment.get("MONGODB_URL"):
        wanted += [("mongo", ports.mongo, LOOPBACK)]
    if not environment.get("S3_ENDPOINT_URL"):
        wanted += [("s3", ports.s3, LOOPBACK)]
    wanted += [("health", ports.health + offset, LOOPBACK) for offset in range(4)]
    numbers = [port for _, port, _ in wanted]
    return [
        Problem(f"Port {port} ({name}) is asked for twice: set {variable_of(name)} to another one.")
        for index, (name, port, _) in enumerate(wanted)
        if port in numbers[:index]
    ] + [
        Problem(f"Port {port} ({name}) is taken: set {variable_of(name)} to another one.")
        for name, port, bind in wanted
        if not is_free(port, bind)
    ]


def docker_answers() -> bool:
    """Whether a container engine with compose answers now."""
    try:
        for words in (["docker", "info"], ["docker", "compose", "version"]):
            subprocess.run(words, capture_output=True, timeout=ANSWER_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def main(arguments: list[str]) -> int:
    """0 when everything is there."""
    problems = find_problems(os.environ)
    quiet = "--run" in arguments
    if problems:
        print("Before lookout can run here:\n" + "\n".join(problem.lines() for problem in problems))
    elif not quiet:
        print("Everything that `make run` needs is there.")
    if (problems or not quiet) and docker_answers():
        print("Docker answers here: `docker compose up` runs the same in containers.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
