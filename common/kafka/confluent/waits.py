"""How long librdkafka is told to wait."""

import math


def whole_ms(seconds: float) -> float:
    """Up to the next whole millisecond, in seconds.

    The binding cuts a time-out down to whole milliseconds. A wait for what is left until a deadline would be none at
    all in its last millisecond, and be repeated until that is over: four times a second that is 3 ms of CPU.
    """
    # Half a millisecond more: as a floating-point number 0.053 s may be a little less than 53 ms.
    return (math.ceil(seconds * 1000) + 0.5) / 1000 if seconds > 0 else 0.0
