"""How we talk to an S3 server: one place for time-outs, signatures and checksums."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from common.errors import ConfigurationError
from common.settings import StorageSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 30.0
"""Longest silence within one request. A PUT of the largest clip is answered well within it once its body is sent."""
POOL_CONNECTIONS = 16
"""Connections kept open; more at once are made and thrown away again."""


def build_client(settings: StorageSettings, endpoint_url: str | None, *, signs_bodies: bool = True) -> S3Client:
    """A client for one address. Safe on any thread. Raises ConfigurationError.

    `signs_bodies` False: the signature covers the headers alone (`UNSIGNED-PAYLOAD`). A signed body is read twice here,
    and held in memory by servers that check it before they store it.
    """
    config = Config(
        signature_version="s3v4",
        # `bucket.host` needs a name server that knows every bucket.
        s3={"addressing_style": "path", **({} if signs_bodies else {"payload_signing_enabled": False})},
        # Since 1.36 boto3 adds checksums by default; some servers refuse the headers and trailers they come in.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        # The callers retry, and know what a repetition means: a second attempt hidden in here would find our own PUT.
        retries={"total_max_attempts": 1, "mode": "standard"},
        max_pool_connections=POOL_CONNECTIONS,
        tcp_keepalive=True,
        user_agent_extra="lookout",
    )
    secret, session_token = settings.secret_access_key, settings.session_token
    try:
        return boto3.session.Session().client(
            "s3",
            endpoint_url=endpoint_url,
            region_name=settings.region,
            aws_access_key_id=settings.access_key_id,
            aws_secret_access_key=None if secret is None else secret.get_secret_value(),
            aws_session_token=None if session_token is None else session_token.get_secret_value(),
            config=config,
        )
    except (BotoCoreError, ValueError) as error:
        raise ConfigurationError(f"The S3 settings cannot be used: {error}") from error
