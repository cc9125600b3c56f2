"""How far behind a consumer is, by its own metrics."""

import http.client
import re
from dataclasses import dataclass

from infra.native.ports import LOOPBACK

_SAMPLE = re.compile(r"^lookout_lag_messages(?:\{[^}]*\})? ([0-9.e+-]+)$", re.MULTILINE)
ANSWER_S = 5.0


@dataclass(frozen=True, slots=True)
class LagSample:
    """Records behind the log's end, all partitions together. `after_s`: since the cameras started."""

    after_s: float
    analysis: str
    messages: float


def lag_in(metrics: str) -> float:
    """The sum of `lookout_lag_messages` in a Prometheus text; 0.0 when there is none yet."""
    return sum(float(number) for number in _SAMPLE.findall(metrics))


def read_lag(port: int) -> float:
    """What the process with this health port says. Raises OSError when it does not answer."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=ANSWER_S)
    try:
        connection.request("GET", "/metrics")
        return lag_in(connection.getresponse().read().decode("utf-8", "replace"))
    except http.client.HTTPException as error:
        raise OSError(str(error)) from error
    finally:
        connection.close()
