"""The quick rows of the fault table, as `make faults-quick` plays them. Exit codes of the runner."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import __main__ as command
from tests.faults.fault_bench import FaultBench
from tests.faults.private_servers import PrivateServers, open_private_servers
from tests.faults.registry import SCENARIOS, turns_of
from tests.faults.rows.clock_back import ClockBack
from tests.faults.rows.mixture import Mixture
from tests.faults.rows.zombie import Zombie
from tests.faults.runner import module_name
from tests.faults.scenario import FULL, QUICK, Measured, Row, Scenario, to_table

QUICK_ROWS = [scenario for scenario in SCENARIOS if scenario.is_quick]


@pytest.fixture(scope="module")
def own_servers() -> Iterator[PrivateServers]:
    with open_private_servers("pytest") as servers:
        yield servers


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("scenario", QUICK_ROWS, ids=module_name)
def test_quick_row_holds(scenario: Scenario, own_servers: PrivateServers, tmp_path: Path) -> None:
    with FaultBench(own_servers, tmp_path, QUICK) as bench:
        measured = scenario.run(bench)
        assert measured.problems == []


def test_table_shows_expected_and_measured_and_what_is_wrong() -> None:
    rows = [Row("a fault", "lost 0", "10 frames: lost 0", (), 3.2), Row("another", "lost 0", "lost 1", ("seq 7",), 60)]
    assert to_table(rows).splitlines() == [
        "| fault | must hold | measured | s | |",
        "| --- | --- | --- | --- | --- |",
        "| a fault | lost 0 | 10 frames: lost 0 | 3 | holds |",
        "| another | lost 0 | lost 1 | 60 | FAILS |",
        "another: seq 7",
    ]


def test_measured_with_a_problem_does_not_hold() -> None:
    measured = Measured("lost 0")
    measured.require(condition=True, problem="never")
    assert measured.add("takeover 6 s").text == "lost 0; takeover 6 s"
    assert measured.holds
    measured.require(condition=False, problem="takeover took 20 s")
    assert not measured.holds


def test_unknown_row_is_refused_with_the_known_ones(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["faults", "kill_randum"])
    assert command.main() == 2
    assert "kill_random" in capsys.readouterr().err


def test_every_row_has_a_file_and_a_sentence_of_its_own() -> None:
    names = [scenario.name for scenario in SCENARIOS]
    assert len(set(names)) == len(names)
    files = {path.stem for path in (Path(__file__).parent / "rows").glob("*.py")}
    assert files == {module_name(scenario) for scenario in SCENARIOS}
    assert all(scenario.expected for scenario in SCENARIOS)


def test_full_run_plays_every_row_with_every_seed_and_five_mixtures() -> None:
    zombie, clock_back, mixtures = Zombie(), ClockBack(), [Mixture(1), Mixture(2)]
    turns = turns_of([zombie, clock_back, *mixtures], (1, 2, 3))
    assert [seed for row, seed in turns if row is zombie] == [1, 2, 3]
    assert [row for row, seed in turns if seed == 2] == [zombie, clock_back]
    assert [row for row, _ in turns if isinstance(row, Mixture)] == mixtures
    assert len(turns_of(SCENARIOS, FULL.seeds)) == 5 * (len(SCENARIOS) - 5) + 5
