"""Objects that come in parts, on an S3 server."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from common.storage.port import NotFound
from common.storage.s3_errors import translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class S3Parts:
    """Implements `PartStore` for one bucket."""

    def __init__(self, client: S3Client, bucket: str, public_client: S3Client | None = None) -> None:
        self._client = client
        self._bucket = bucket
        self._public_client = public_client

    def begin(self, key: str, content_type: str, metadata: Mapping[str, str]) -> str:
        with translated(f"beginning {key}"):
            begun = self._client.create_multipart_upload(
                Bucket=self._bucket, Key=key, ContentType=content_type, Metadata=dict(metadata)
            )
        return begun["UploadId"]

    def put(self, key: str, upload: str, number: int, body: bytes) -> str:
        with translated(f"storing part {number} of {key}"):
            stored = self._client.upload_part(
                Bucket=self._bucket, Key=key, UploadId=upload, PartNumber=number, Body=body
            )
        return stored["ETag"]

    def finish(self, key: str, upload: str, tags: Sequence[str]) -> None:
        parts = [{"PartNumber": n, "ETag": tag} for n, tag in enumerate(tags, 1)]
        with translated(f"finishing {key}"):
            self._client.complete_multipart_upload(
                Bucket=self._bucket,
                Key=key,
                UploadId=upload,
                MultipartUpload={"Parts": parts},  # type: ignore[typeddict-item]
            )

    def abort(self, key: str, upload: str) -> None:
        with contextlib.suppress(NotFound), translated(f"letting go of {key}"):
            self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload)

    def presign_put(self, key: str, size: int, expires_s: int) -> str | None:
        if self._public_client is None:
            return None
        parameters = {"Bucket": self._bucket, "Key": key, "ContentLength": size}
        with translated(f"signing a link to {key}"):
            return self._public_client.generate_presigned_url("put_object", Params=parameters, ExpiresIn=expires_s)

    def copy(self, source: str, etag: str, key: str, content_type: str, metadata: Mapping[str, str]) -> None:
        with translated(f"copying {source} to {key}"):
            self._client.copy_object(
                Bucket=self._bucket,
                Key=key,
                CopySource={"Bucket": self._bucket, "Key": source},
                CopySourceIfMatch=etag,
                ContentType=content_type,
                Metadata=dict(metadata),
                MetadataDirective="REPLACE",
            )
