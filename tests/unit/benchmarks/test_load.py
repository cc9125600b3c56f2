"""What a record is taken to cost in the log."""

from benchmarks.load import RECORD_FRAME_BYTES, Load, record_bytes


def test_record_bytes_counts_names_and_values_of_headers() -> None:
    assert record_bytes("cam", [("v", b"1"), ("clip_ms", b"10000"), ("flag", None)], bytes(100)) == (
        3 + 100 + (1 + 1 + 2) + (7 + 5 + 2) + (4 + 0 + 2) + RECORD_FRAME_BYTES
    )


def test_load_total_is_of_all_cameras() -> None:
    assert Load(cameras=4, frames=150, size=(640, 480), partitions=12).total == 600
