"""What retention writes to the audit log, before anything goes."""

from collections.abc import Sequence
from datetime import UTC, datetime

from api_server.audit.entry import Note
from api_server.audit.log import AuditLog
from api_server.clips.records import ClipRecord

BY = "retention"
EXPIRED, OVER_CAP = "retention.expire", "retention.cap"
CAMERAS_NAMED = 20


class RetentionAudit:
    """An entry for each batch, because nothing ever leaves the log. Raises Transient: then nothing goes. A kill after
    the entry leaves a batch that is written down again."""

    def __init__(self, log: AuditLog) -> None:
        self._log = log

    def clips(self, records: Sequence[ClipRecord]) -> None:
        """They have expired."""
        self._log.append(Note(EXPIRED, by=BY, camera=_only_camera(records), details=_told(records)))

    def others(self, ids: Sequence[str]) -> None:
        """Queries and uploads that have expired."""
        self._log.append(Note(EXPIRED, by=BY, details={"ids": ", ".join(ids)}))

    def over_cap(self, records: Sequence[ClipRecord], ids: Sequence[str]) -> None:
        """Clips, and uploads and results of queries, that make room."""
        named = {"ids": ", ".join(ids)} if ids else {}
        self._log.append(Note(OVER_CAP, by=BY, camera=_only_camera(records), details=_told(records) | named))


def _told(records: Sequence[ClipRecord]) -> dict[str, str]:
    if not records:
        return {}
    cameras = sorted({record.camera for record in records})
    more = f" and {len(cameras) - CAMERAS_NAMED} more" if len(cameras) > CAMERAS_NAMED else ""
    return {
        "clips": str(len(records)),
        "cameras": ", ".join(cameras[:CAMERAS_NAMED]) + more,
        "analyses": ", ".join(sorted({record.analysis for record in records})),
        "from": _time(min(record.start_ms for record in records)),
        "to": _time(max(record.end_ms for record in records)),
    }


def _only_camera(records: Sequence[ClipRecord]) -> str:
    cameras = {record.camera for record in records}
    return cameras.pop() if len(cameras) == 1 else ""


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")
