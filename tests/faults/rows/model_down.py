"""A model on another machine does not answer for longer than any step of a thread may take."""

import time

from tests.faults.fault_bench import FaultBench
from tests.faults.outage import play_outage, times_told
from tests.faults.scenario import Measured
from tests.faults.stand_in_analysis import silence_model

DOWN_S = 75
SETTLE_S = 60.0


class ModelDown:
    name = f"remote model does not answer for {DOWN_S} s"
    expected = (
        f"lost 0, no frame without its analysis, members live on and say why they wait, settled <= {SETTLE_S:.0f} s"
    )
    is_quick = False

    def run(self, bench: FaultBench) -> Measured:
        def down() -> None:
            answer_again = silence_model(bench.folder)
            time.sleep(bench.pace.times(DOWN_S, least=10))
            answer_again()

        measured = play_outage(bench, down, SETTLE_S, model="sleep")
        telling = times_told(bench, "The model")
        measured.require(telling > 0, "no status record says what is waited for")
        return measured.add(f"{telling} status records say why")
