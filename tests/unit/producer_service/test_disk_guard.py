"""The watch over the disk."""

from pathlib import Path

from producer_service.disk_guard import DiskGuard


def test_guard_with_room_has_no_problem(tmp_path: Path) -> None:
    guard = DiskGuard(tmp_path / "not" / "made" / "yet", 1)
    guard.check()
    assert guard.problem() is None


def test_guard_without_room_says_how_much_is_missing_and_recovers(tmp_path: Path) -> None:
    guard = DiskGuard(tmp_path, 2**62)
    guard.start()
    try:
        assert f"{2**42} MiB must stay free" in (guard.problem() or "")
    finally:
        guard.stop()
    roomy = DiskGuard(tmp_path, 0)
    roomy.check()
    assert roomy.problem() is None
