"""Fetches the servers' programs: jars by Maven, the Mongo launcher by javac, versitygw by Go on request.

Standard library only.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from infra.native.layout import JARS, NATIVE, TOOLS

POM = NATIVE / "pom.xml"
KAFKA_JARS = JARS / "kafka"
MONGO_JARS = JARS / "mongo"
S3PROXY_JARS = JARS / "s3proxy"
MONGO_SOURCES = tuple(NATIVE / "java" / name for name in ("MongoWire.java", "Journal.java"))
MONGO_CLASSES = JARS / "mongo-classes"
VERSITYGW = TOOLS / "versitygw"
VERSITYGW_MODULE = "github.com/versity/versitygw/cmd/versitygw@v1.8.0"


def fetch_jars(profile: str) -> None:
    """Copy the jars of one profile of pom.xml into a folder of their own. Raises CalledProcessError."""
    target = JARS / profile
    # A jar of another version left beside the new one would be loaded or not, as the file system lists them.
    shutil.rmtree(target, ignore_errors=True)
    subprocess.run(
        [
            "mvn", "--quiet", "--batch-mode", "--no-transfer-progress", "-Dstyle.color=never", "--file", str(POM),
            f"--activate-profiles={profile}",
            "-Dmaven.wagon.http.retryHandler.count=3",
            "dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={target}",
        ],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True,
    )  # fmt: skip


def compile_launcher() -> None:
    """Compile the MongoDB-wire server's own classes for Java 17. Raises CalledProcessError."""
    home = os.environ.get("JAVA_HOME")
    javac = str(Path(home) / "bin" / "javac") if home else "javac"
    shutil.rmtree(MONGO_CLASSES, ignore_errors=True)
    subprocess.run(
        [javac, "--release", "17", "-d", str(MONGO_CLASSES), "-cp", f"{MONGO_JARS}/*", *map(str, MONGO_SOURCES)],
        check=True,
    )


def build_versitygw() -> None:
    """Build versitygw into the tools folder with Go's usual caches. Raises CalledProcessError."""
    TOOLS.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "GOBIN": str(TOOLS), "CGO_ENABLED": "0", "GOFLAGS": "-trimpath"}
    subprocess.run(["go", "install", "-ldflags=-s -w", VERSITYGW_MODULE], env=environment, check=True)
