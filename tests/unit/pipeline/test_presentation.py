from consumers.pipeline.presentation import PresentationClock, shown_at_us
from tests.unit.pipeline.making import START_MS, make_frame, make_picture

TINY = make_picture(8, 8)


def stamps(*times: tuple[int, int]) -> list[int]:
    """PTS of frames with (captured, ingested) in ms after the start; log time is the time of ingest."""
    clock = PresentationClock()
    return [
        clock.stamp(
            make_frame(
                n,
                TINY,
                log_ms=START_MS + ingested,
                captured_us=(START_MS + captured) * 1000,
                ingested_us=(START_MS + ingested) * 1000,
            )
        ).pts_ms
        for n, (captured, ingested) in enumerate(times)
    ]


def test_pts_claim_within_two_seconds_is_believed() -> None:
    assert stamps((0, 150), (100, 900), (200, 300)) == [0, 100, 200]
    assert stamps((0, 0), (2100, 4100), (6100, 4200)) == [0, 2100, 6100]


def test_pts_claim_over_two_seconds_off_is_replaced_by_ingest() -> None:
    assert stamps((0, 0), (2000, 4001), (90_000, 4100)) == [0, 4001, 4100]


def test_pts_first_frame_is_zero_whatever_its_clock_says() -> None:
    frame = make_frame(0, TINY, captured_us=1, ingested_us=START_MS * 1000)
    clock = PresentationClock()
    assert clock.stamp(frame).pts_ms == 0
    assert clock.t0_us == START_MS * 1000 == shown_at_us(frame)


def test_pts_always_grows_by_a_millisecond_at_least() -> None:
    assert stamps((0, 0), (0, 0), (-500, 0), (1, 0), (50, 50)) == [0, 1, 2, 3, 50]


def test_pts_ingest_clock_that_jumps_ahead_follows_the_log_and_is_noted() -> None:
    clock = PresentationClock()
    day_us = 86_400_000_000
    first = clock.stamp(make_frame(0, TINY, log_ms=START_MS))
    jumped = [
        clock.stamp(
            make_frame(
                n,
                TINY,
                log_ms=START_MS + n * 100,
                captured_us=START_MS * 1000 + 90 * day_us,
                ingested_us=START_MS * 1000 + 90 * day_us,
            )
        )
        for n in (1, 2)
    ]
    assert [first.pts_ms, *(s.pts_ms for s in jumped)] == [0, 100, 200]
    assert [s.note for s in jumped] == ["clock_step"] * 2


def test_pts_clock_stepped_back_an_hour_keeps_growing() -> None:
    assert stamps((0, 0), (100, 100), (-3_600_000, -3_600_000), (-3_599_900, -3_599_900)) == [0, 100, 101, 102]
