"""How many searches the models did: counted from what the sidecars say became of the frames."""

from collections.abc import Iterable

from common.contracts.sidecar import Fate, Sidecar


def searches_per_s(sidecars: Iterable[Sidecar]) -> float:
    """Analysed frames a second of log time, over all given clips but those of the recorder. 0.0 without any."""
    count, first_ms, last_ms = 0, None, None
    for sidecar in sidecars:
        if sidecar.model is None:
            continue
        for entry in sidecar.entries:
            first_ms = entry.log_ms if first_ms is None else min(first_ms, entry.log_ms)
            last_ms = entry.log_ms if last_ms is None else max(last_ms, entry.log_ms)
            count += entry.fate is Fate.ANALYSED
    if first_ms is None or last_ms is None or last_ms <= first_ms:
        return 0.0
    return count * 1000 / (last_ms - first_ms)
