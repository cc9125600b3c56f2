"""The object store on an S3 server (Amazon's, or any that speaks its API and honours `If-None-Match: *` on PUT)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from common.errors import ConfigurationError, Transient
from common.settings import StorageSettings
from common.storage.port import NotFound, ObjectInfo, RangeBody
from common.storage.s3_client import build_client
from common.storage.s3_errors import error_of, translated
from common.storage.s3_parts import S3Parts

if TYPE_CHECKING:
    from botocore.response import StreamingBody

CHUNK_BYTES = 64 * 1024
LIST_PAGE = 1_000
LARGE_BYTES = 64 * 1024 * 1024
"""Files beyond this are sent without a signed body: s3proxy holds a signed one in memory, up to a limit."""
PRESIGN_MAX_S = 7 * 24 * 3600
"""The longest a version 4 signature may last."""
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_UNSAFE_IN_NAME = re.compile(r"[^A-Za-z0-9._~-]+")
_ALREADY_OURS = frozenset({"BucketAlreadyOwnedByYou", "BucketAlreadyExists"})


class S3ObjectStore:
    """Implements `PartedStore` for the bucket of the settings. Making one talks to nobody."""

    def __init__(self, settings: StorageSettings, list_page: int = LIST_PAGE) -> None:
        self._bucket = settings.bucket
        self._region = settings.region
        self._is_amazon = settings.endpoint_url is None
        self._list_page = list_page
        self._client = build_client(settings, settings.endpoint_url)
        self._client_of_large = build_client(settings, settings.endpoint_url, signs_bodies=False)
        # A link is signed for the host it names: the address that people's browsers use, or none.
        public = settings.public_endpoint_url
        self._public_client = None if public is None else build_client(settings, public)
        self.parts = S3Parts(self._client, settings.bucket, self._public_client)

    def ensure_bucket(self) -> None:
        """Make the bucket if it is not there. Idempotent. Raises Transient, ConfigurationError."""
        try:
            with translated(f"looking for bucket {self._bucket}"):
                self._client.head_bucket(Bucket=self._bucket)
        except NotFound:
            self._create_bucket()

    def _create_bucket(self) -> None:
        arguments: dict[str, Any] = {"Bucket": self._bucket}
        if self._is_amazon and self._region != "us-east-1":
            arguments["CreateBucketConfiguration"] = {"LocationConstraint": self._region}
        doing = f"making bucket {self._bucket}"
        with translated(doing):
            try:
                self._client.create_bucket(**arguments)
            except ClientError as error:
                if error.response["Error"].get("Code") not in _ALREADY_OURS:
                    raise error_of(error, doing) from error

    def create(
        self, key: str, body: bytes | Path, content_type: str, metadata: Mapping[str, str] | None = None
    ) -> None:
        self._put(key, body, content_type, metadata, {"IfNoneMatch": "*"})

    def replace(
        self, key: str, body: bytes | Path, content_type: str, metadata: Mapping[str, str] | None = None
    ) -> None:
        self._put(key, body, content_type, metadata, {})

    def _put(
        self,
        key: str,
        body: bytes | Path,
        content_type: str,
        metadata: Mapping[str, str] | None,
        condition: dict[str, Any],
    ) -> None:
        with contextlib.ExitStack() as cleanup:
            # A missing file is our own mistake, not the store's: it is opened outside of the translation.
            stream = cleanup.enter_context(body.open("rb")) if isinstance(body, Path) else body
            is_large = isinstance(body, Path) and body.stat().st_size > LARGE_BYTES
            client = self._client_of_large if is_large else self._client
            with translated(f"storing {key}"):
                client.put_object(
                    Bucket=self._bucket,
                    Key=key,
                    Body=stream,
                    ContentType=content_type,
                    Metadata=dict(metadata or {}),
                    **condition,
                )

    def head(self, key: str) -> ObjectInfo:
        with translated(f"looking at {key}"):
            found = self._client.head_object(Bucket=self._bucket, Key=key)
        if "ETag" not in found:
            raise Transient(f"looking at {key}: it changes just now")
        return ObjectInfo(
            key=key,
            size=found["ContentLength"],
            etag=found["ETag"].strip('"'),
            modified_us=round(found["LastModified"].timestamp() * 1_000_000),
            content_type=found.get("ContentType", ""),
            metadata={name.lower(): value for name, value in found.get("Metadata", {}).items()},
        )

    def read(self, key: str) -> bytes:
        with translated(f"reading {key}"):
            found = self._client.get_object(Bucket=self._bucket, Key=key)
            return found["Body"].read()

    def read_range(self, key: str, start: int, end: int | None = None) -> RangeBody:
        if start < 0 or (end is not None and end < start):
            raise ValueError(f"{start}-{end} is no range of bytes")
        doing = f"reading a range of {key}"
        with translated(doing):
            wanted = f"bytes={start}-{'' if end is None else end}"
            found = self._client.get_object(Bucket=self._bucket, Key=key, Range=wanted)
        match = _CONTENT_RANGE.fullmatch(found.get("ContentRange", ""))
        if match is None or int(match[1]) != start:
            found["Body"].close()
            raise ConfigurationError(f"{doing}: the store ignores the header Range")
        return RangeBody(start, int(match[2]), int(match[3]), _chunks(found["Body"], doing))

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix, PaginationConfig={"PageSize": self._list_page}
        )
        following = iter(pages)
        while True:
            with translated(f"listing {prefix}"):
                page = next(following, None)
            if page is None:
                return
            for found in page.get("Contents", []):
                if "ETag" in found:
                    modified_us = round(found["LastModified"].timestamp() * 1_000_000)
                    yield ObjectInfo(found["Key"], found["Size"], found["ETag"].strip('"'), modified_us)
                    continue
                # s3proxy, of a file that came, went or was replaced while the folder was read.
                with contextlib.suppress(NotFound):
                    yield self.head(found["Key"])

    def delete(self, key: str) -> None:
        with contextlib.suppress(NotFound), translated(f"deleting {key}"):
            self._client.delete_object(Bucket=self._bucket, Key=key)

    def presign(self, key: str, expires_s: int, download_name: str | None = None) -> str | None:
        if self._public_client is None:
            return None
        if not 1 <= expires_s <= PRESIGN_MAX_S:
            raise ValueError(f"a link lasts 1 to {PRESIGN_MAX_S} seconds, not {expires_s}")
        parameters = {"Bucket": self._bucket, "Key": key}
        if download_name is not None:
            name = _UNSAFE_IN_NAME.sub("_", download_name)
            parameters["ResponseContentDisposition"] = f'attachment; filename="{name}"'
        with translated(f"signing a link to {key}"):
            return self._public_client.generate_presigned_url("get_object", Params=parameters, ExpiresIn=expires_s)


def _chunks(body: StreamingBody, doing: str) -> Iterator[bytes]:
    """The body in pieces; its connection goes back to the pool, or is closed when the reader stops early."""
    with contextlib.closing(body):
        while True:
            with translated(doing):
                chunk = body.read(CHUNK_BYTES)
            if not chunk:
                return
            yield chunk
