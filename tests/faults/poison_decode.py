"""What each file of the corpus costs the decoder: `python -m tests.faults.poison_decode` prints JSON.

A process of its own, so that its memory is that of decoding. `ms`: CPU time of the decoding thread, the least of two
attempts; `grew_kib`: by how much the process' memory rose at most while the file was decoded (proc(5): writing 5 to
clear_refs sets the peak back; None where that is not possible).
"""

import json
import sys
import time
from pathlib import Path

from common.errors import PoisonRecord
from consumers.pipeline.decode import decode_jpeg
from tests.faults.poison_corpus import corpus, encoded

ATTEMPTS = 2


def main() -> int:
    files = corpus()
    decode_jpeg(encoded(64, 48))  # what is loaded at first use is no cost of a file
    found = []
    for file in files:
        times, grown, reason = [], list[int | None](), None
        for _ in range(ATTEMPTS):
            before_kib = _reset_peak()
            begin_s = time.thread_time()
            try:
                decode_jpeg(file.data)
            except PoisonRecord as error:
                reason = error.reason
            times.append((time.thread_time() - begin_s) * 1000)
            grown.append(None if before_kib is None else _status_kib("VmHWM") - before_kib)
        cost = {"ms": round(min(times), 2), "grew_kib": grown[-1]}
        found.append({"name": file.name, "is_bad": file.is_bad, "reason": reason, **cost})
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


def _reset_peak() -> int | None:
    """The memory held now, which is the peak from here on."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return None
    return _status_kib("VmHWM")


def _status_kib(name: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name + ":"))


if __name__ == "__main__":
    sys.exit(main())
