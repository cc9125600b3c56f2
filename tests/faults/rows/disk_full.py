"""The disk of the spool is full for a while: no file of the member may grow."""

from tests.faults.rows.encoder_error import EncoderError


class DiskFull(EncoderError):
    name = "temp disk full (no file may grow: EFBIG)"
    wish = "full"
    reason = "File too large"
