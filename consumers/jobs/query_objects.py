"""The stored objects of a query, as jobs use them."""

from common.storage.queries import has_result, is_cancelled, read_query_sidecar, sidecar_metadata

VIDEO_TYPE = "video/mp4"

__all__ = ["VIDEO_TYPE", "has_result", "is_cancelled", "read_query_sidecar", "sidecar_metadata"]
