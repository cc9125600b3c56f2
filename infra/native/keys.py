"""Secrets of one system: made once at the first start, kept in `var/secrets`, readable by the owner only."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from infra.native.layout import VarFolder
from infra.native.server import write_file


@dataclass(frozen=True)
class S3Keys:
    """The key pair of an S3 server."""

    access_key_id: str
    secret_access_key: str = field(repr=False)


def kept_secret(path: Path) -> str:
    """The secret in `path`; 43 base64url characters of 32 random bytes are made when there is none."""
    if not path.exists():
        write_file(path, secrets.token_urlsafe(32) + "\n")
    return path.read_text(encoding="ascii").strip()


def signing_key(var: VarFolder) -> str:
    """LOOKOUT_SIGNING_KEY of this system."""
    return kept_secret(var.secrets / "signing-key")


def s3_keys(var: VarFolder) -> S3Keys:
    """The key pair of this system's own S3 server."""
    path = var.secrets / "s3-keys.json"
    if not path.exists():
        pair = {"access_key_id": "LK" + secrets.token_hex(9).upper(), "secret_access_key": secrets.token_urlsafe(30)}
        write_file(path, json.dumps(pair) + "\n")
    read = json.loads(path.read_text(encoding="ascii"))
    return S3Keys(read["access_key_id"], read["secret_access_key"])
