"""Logging set-up: one line per event on standard error, ids as `key=value` fields."""

import logging
import sys
from typing import Any

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class FieldFormatter(logging.Formatter):
    """`2026-01-01T00:00:00Z INFO consumers.runtime.loop window closed camera=demo-face offset=17`"""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  the base's name for it
        """The line without stack trace. What others wrote (a server's answer, a file name) cannot begin a new one."""
        fields = "".join(f" {k}={_shown(v)}" for k, v in record.__dict__.items() if k not in _STANDARD)
        return super().formatMessage(record).replace("\r", "\\r").replace("\n", "\\n") + fields


def _shown(value: Any) -> str:
    text = str(value)
    return repr(text) if any(c.isspace() for c in text) else text


def configure_logging(level: int = logging.INFO) -> None:
    """Call once, from an entry point. Chatty libraries stay at WARNING."""
    handler = logging.StreamHandler(sys.stderr)
    formatter = FieldFormatter("%(asctime)s %(levelname)s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%S%z")
    handler.setFormatter(formatter)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in ("botocore", "boto3", "urllib3", "pymongo", "aiohttp.access", "aioice", "RapidOCR"):
        logging.getLogger(name).setLevel(logging.WARNING)
