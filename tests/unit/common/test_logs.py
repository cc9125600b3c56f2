"""One line per event."""

import logging
import sys

import pytest

from common.logs import FieldFormatter, configure_logging

FORMATTER = FieldFormatter("%(levelname)s %(name)s %(message)s")


def line(message: str, **fields: object) -> str:
    record = logging.LogRecord("lookout.test", logging.INFO, "x.py", 1, message, None, None)
    record.__dict__.update(fields)
    return FORMATTER.format(record)


def test_fields_follow_the_message() -> None:
    assert (
        line("window closed", camera="demo-face", offset=17)
        == "INFO lookout.test window closed camera=demo-face offset=17"
    )
    assert line("window closed") == "INFO lookout.test window closed"


def test_a_field_cannot_begin_a_new_line() -> None:
    assert line("refused", text="a\nINFO forged") == "INFO lookout.test refused text='a\\nINFO forged'"
    assert line("refused", text="two words") == "INFO lookout.test refused text='two words'"


def test_a_message_cannot_begin_a_new_line() -> None:
    assert line("refused: a\r\nINFO forged") == "INFO lookout.test refused: a\\r\\nINFO forged"


def test_a_stack_trace_stays_behind_the_fields() -> None:
    try:
        int("broken")
    except ValueError:
        record = logging.LogRecord("a", logging.ERROR, "x.py", 1, "crashed", None, sys.exc_info())
    record.__dict__["offset"] = 5
    first, *rest = FORMATTER.format(record).splitlines()
    assert first == "ERROR a crashed offset=5"
    assert rest[0].startswith("Traceback")


def test_chatty_libraries_are_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        configure_logging()
        logging.getLogger("botocore.hooks").info("not this")
        logging.getLogger("consumers.runtime").info("but this", extra={"offset": 5})
    finally:
        root.handlers[:], root.level = before
    shown = capsys.readouterr().err
    assert "not this" not in shown
    assert "INFO consumers.runtime but this offset=5" in shown
