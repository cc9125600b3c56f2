"""The S3 server: s3proxy on a folder, or versitygw when LOOKOUT_S3_SERVER asks for it. One data format each."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from infra.native.child import Command
from infra.native.jars import S3PROXY_JARS, VERSITYGW
from infra.native.kafka import render_properties
from infra.native.keys import S3Keys
from infra.native.layout import VarFolder
from infra.native.ports import LOOPBACK, Ports
from infra.native.server import NotReady, Probe, Server, ServerFailed, java_words, write_file

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NAME = "s3"
HEAP_MIB = 384
PROBE_S = 2.0
REGION = "us-east-1"
# The largest clip in one PUT: 300 s at 8 Mbit/s is 300 MB.
MAX_PUT_BYTES = 512 * 1024 * 1024
CHOICES = ("s3proxy", "versitygw")

# DEBUG, the default, makes s3proxy three times slower.
LOG_SETTINGS = """\
<configuration>
  <appender name="out" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%d{ISO8601} %-5level %logger{20} %msg%n</pattern></encoder>
  </appender>
  <root level="WARN"><appender-ref ref="out"/></root>
</configuration>
"""
# s3proxy writes `KEY-UUID` beside an object and links it into place; after kill -9 such a file would stay listed.
LEFT_BEHIND = re.compile(r"-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$")


def s3proxy_settings(data: Path, ports: Ports, keys: S3Keys) -> dict[str, str]:
    """s3proxy.properties: signed requests only, a folder behind it."""
    return {
        "s3proxy.endpoint": f"http://{LOOPBACK}:{ports.s3}",
        "s3proxy.authorization": "aws-v2-or-v4",
        "s3proxy.identity": keys.access_key_id,
        "s3proxy.credential": keys.secret_access_key,
        # Clients send headers that s3proxy does not know; each would be a 501.
        "s3proxy.ignore-unknown-headers": "true",
        "s3proxy.v4-max-non-chunked-request-size": str(MAX_PUT_BYTES),
        "jclouds.provider": "filesystem-nio2",
        "jclouds.filesystem.basedir": str(data),
    }


def build_s3(var: VarFolder, ports: Ports, environment: Mapping[str, str], keys: S3Keys, kind: str) -> Server:
    """Raises ServerFailed for an unknown `kind`, or when versitygw has not been built."""
    probe_url = f"http://{LOOPBACK}:{ports.s3}"

    def probe() -> None:
        probe_s3(probe_url, keys)

    if kind == "s3proxy":
        return build_s3proxy(var, ports, environment, keys, probe)
    if kind == "versitygw":
        return build_versitygw(var, ports, environment, keys, probe)
    raise ServerFailed(f"LOOKOUT_S3_SERVER={kind!r} is unknown: {' or '.join(CHOICES)}.")


def build_s3proxy(var: VarFolder, ports: Ports, environment: Mapping[str, str], keys: S3Keys, probe: Probe) -> Server:
    data = var.data / "s3"
    settings_file = var.runtime / "s3proxy.properties"
    logging_file = var.runtime / "s3proxy-logback.xml"

    def prepare() -> None:
        data.mkdir(parents=True, exist_ok=True)
        remove_left_behind(data)
        write_file(settings_file, render_properties(s3proxy_settings(data, ports, keys)))
        write_file(logging_file, LOG_SETTINGS)

    words = (
        *java_words(HEAP_MIB, f"-Dlogback.configurationFile={logging_file}"),
        "-cp", f"{S3PROXY_JARS}/*", "org.gaul.s3proxy.Main", "--properties", str(settings_file),
    )  # fmt: skip
    return Server(Command(NAME, words, environment), prepare, probe, "LOOKOUT_S3_PORT")


def build_versitygw(var: VarFolder, ports: Ports, environment: Mapping[str, str], keys: S3Keys, probe: Probe) -> Server:
    if not VERSITYGW.is_file():
        raise ServerFailed("versitygw is not built yet: `make versitygw` (needs Go; about a minute).")
    data = var.data / "versitygw"
    # The key goes in by the environment: a command line can be read by every user of the machine.
    secrets = {"ROOT_ACCESS_KEY": keys.access_key_id, "ROOT_SECRET_KEY": keys.secret_access_key}
    words = (str(VERSITYGW), "--port", f"{LOOPBACK}:{ports.s3}", "--region", REGION, "--quiet", "posix", str(data))
    return Server(
        Command(NAME, words, {**environment, **secrets}),
        lambda: data.mkdir(parents=True, exist_ok=True),
        probe,
        "LOOKOUT_S3_PORT",
    )


def remove_left_behind(data: Path) -> int:
    """Delete the temporary files that a killed s3proxy left; returns how many. Only while no server uses the folder."""
    removed = 0
    for path in data.rglob("*-*-4*-*-*"):
        if LEFT_BEHIND.search(path.name) and path.is_file():
            path.unlink()
            removed += 1
    return removed


def probe_s3(endpoint_url: str, keys: S3Keys | None) -> None:
    """List the buckets. Raises NotReady. Without `keys` boto3's own chain (AWS_* variables, profiles) is used."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - preflight runs without .venv

    try:
        s3_client(endpoint_url, keys).list_buckets()
    except (BotoCoreError, ClientError) as error:
        raise NotReady(f"S3 at {endpoint_url}: {error}") from error


def ensure_bucket(endpoint_url: str, keys: S3Keys | None, bucket: str) -> None:
    """Make the bucket unless it exists. Raises NotReady when it is neither there nor can be made."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    client = s3_client(endpoint_url, keys)
    try:
        client.head_bucket(Bucket=bucket)
    except ClientError:
        try:
            client.create_bucket(Bucket=bucket)
        except (BotoCoreError, ClientError) as error:
            raise NotReady(f"The bucket {bucket} cannot be made: {error}") from error


def s3_client(endpoint_url: str, keys: S3Keys | None) -> S3Client:
    """A client with short bounds, for start-up calls only."""
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    # Some servers refuse the checksums that boto3 sends by default; path addresses need no host name per bucket.
    config = Config(
        connect_timeout=PROBE_S,
        read_timeout=PROBE_S,
        retries={"total_max_attempts": 1},
        s3={"addressing_style": "path"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return boto3.client(
        "s3",
        endpoint_url=endpoint_url,
        region_name=os.environ.get("AWS_REGION") or REGION,
        aws_access_key_id=keys.access_key_id if keys else None,
        aws_secret_access_key=keys.secret_access_key if keys else None,
        config=config,
    )
