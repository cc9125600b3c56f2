"""The model of a part, asked again in place while it does not answer: what the part has done is not done again."""

from collections.abc import Callable

from common.clock import Clock
from common.contracts.detection import Detection
from common.errors import Transient
from common.silence import Silence
from consumers.jobs.outcome import NoLongerWanted
from consumers.pipeline.analysis import Analyzer, Picture


class PatientSearch:
    """One thread. `silence`: told of a model that does not answer. `still_wanted`: asked before each repetition."""

    def __init__(self, analyzer: Analyzer, silence: Silence, still_wanted: Callable[[], bool], clock: Clock) -> None:
        self._analyzer = analyzer
        self._silence = silence
        self._still_wanted = still_wanted
        self._clock = clock

    def __call__(self, picture: Picture) -> list[Detection]:
        """What is in the picture. Raises NoLongerWanted, and what else the model raises."""
        try:
            return self._ask(picture)
        except Transient as error:
            found = self._silence.outlast(error, lambda _number: self._ask(picture), self._goes_on)
        if found is None:
            raise NoLongerWanted
        return found

    def _ask(self, picture: Picture) -> list[Detection]:
        (found,) = self._analyzer.analyze([picture])
        return found

    def _goes_on(self, delay_s: float) -> bool:
        self._clock.sleep(delay_s)
        return self._still_wanted()
