"""Logs are bounded while a process writes to them."""

from pathlib import Path

from infra.native.logfile import rotate_if_large, tail


def test_rotate_of_a_large_log_keeps_its_end_and_the_writer_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "one.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"old " * 100 + b"last words\n")
        assert rotate_if_large(log, limit_bytes=100)
        writer.write(b"new\n")
    assert log.read_bytes() == b"new\n"
    kept = (tmp_path / "one.log.1").read_bytes()
    assert len(kept) == 100
    assert kept.endswith(b"last words\n")


def test_rotate_of_a_small_or_missing_log_does_nothing(tmp_path: Path) -> None:
    log = tmp_path / "one.log"
    assert not rotate_if_large(log)
    log.write_text("few")
    assert not rotate_if_large(log)
    assert log.read_text() == "few"


def test_tail_gives_the_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "one.log"
    log.write_text("".join(f"{number}\n" for number in range(100)))
    assert tail(log, 2) == "98\n99"
    assert tail(tmp_path / "none.log", 2) == "(no log)"
