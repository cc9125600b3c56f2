"""Waits as librdkafka's binding takes them."""

import pytest

from common.kafka.confluent.waits import whole_ms


@pytest.mark.parametrize(("seconds", "ms"), [(0.0, 0), (-1.0, 0), (0.0001, 1), (0.001, 1), (0.053, 53), (0.0531, 54)])
def test_a_wait_is_rounded_up_to_the_next_millisecond(seconds: float, ms: int) -> None:
    assert int(whole_ms(seconds) * 1000) == ms


def test_no_whole_number_of_milliseconds_grows_or_shrinks() -> None:
    assert [int(whole_ms(ms / 1000) * 1000) for ms in range(1, 1_000)] == list(range(1, 1_000))
