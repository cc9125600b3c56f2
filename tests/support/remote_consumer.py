"""A consumer whose model is on another machine, which does not answer while a file is there.

`python -m tests.support.remote_consumer FILE`
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from common.contracts.detection import Detection, ModelInfo
from common.errors import Transient
from common.logs import configure_logging
from consumers import wiring
from consumers.pipeline.analysis import AnalysisDefinition, Picture

NAME = "remote"


class Remote:
    """Finds nothing, once it answers."""

    model = ModelInfo(name="remote", version="1", sha256="0" * 64)
    waits = True

    def __init__(self, is_away: Path) -> None:
        self._is_away = is_away

    def analyze(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        if self._is_away.exists():
            raise Transient("no answer")
        return [[] for _ in pictures]


def main() -> int:
    is_away = Path(sys.argv[1])
    configure_logging()
    definition = AnalysisDefinition(
        name=NAME,
        title="Remote",
        kinds=("spot",),
        default_every_ms=500,
        build_analyzer=lambda _options: Remote(is_away),
    )
    setattr(wiring, "load_definition", lambda _name: definition)  # noqa: B010  mypy: a module's name is no variable
    return wiring.run_consumer(wiring.RunOptions(name=NAME, threads=1, health_port=0))


if __name__ == "__main__":
    sys.exit(main())
