"""What a row of the fault table is: a fault, what must hold, and what was measured."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tests.faults.fault_bench import FaultBench


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a run may be. `share`: of the full number of kills, calls or seconds. `seeds`: each row is played with
    each of them, a mixture once."""

    name: str
    share: float
    seeds: tuple[int, ...]

    def times(self, full: int, least: int = 1) -> int:
        """`full` kills, calls or seconds, cut to the pace."""
        return max(least, round(full * self.share))


QUICK = Pace("quick", 0.1, (1,))
STANDARD = Pace("standard", 1.0, (1,))
FULL = Pace("full", 1.0, (1, 2, 3, 4, 5))


@dataclass(slots=True)
class Measured:
    """What a run showed. The row holds when there is no problem. `text`: one line of figures for the table."""

    text: str
    problems: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.problems

    def require(self, condition: bool, problem: str) -> None:
        """Note `problem` unless `condition` holds."""
        if not condition:
            self.problems.append(problem)

    def add(self, *figures: str) -> "Measured":
        """Further figures for the table."""
        self.text = "; ".join((self.text, *figures)) if self.text else "; ".join(figures)
        return self


class Scenario(Protocol):
    """One row. `expected` is the sentence of the table; `run` must end, whatever happens, and leave nothing running
    that the bench does not know of. Raises AssertionError when it cannot be carried out."""

    @property
    def name(self) -> str: ...

    @property
    def expected(self) -> str: ...

    @property
    def is_quick(self) -> bool:
        """Whether `make faults-quick` plays it."""
        ...

    def run(self, bench: "FaultBench") -> Measured: ...


@dataclass(frozen=True, slots=True)
class Row:
    """A row as printed."""

    name: str
    expected: str
    measured: str
    problems: tuple[str, ...]
    seconds: float

    @property
    def holds(self) -> bool:
        return not self.problems

    def to_dict(self) -> dict[str, object]:
        return {
            "name": self.name,
            "expected": self.expected,
            "measured": self.measured,
            "holds": self.holds,
            "problems": list(self.problems),
            "seconds": round(self.seconds, 1),
        }


def to_table(rows: Iterable[Row]) -> str:
    """Markdown, one line a row; what is wrong follows below the table."""
    listed = list(rows)
    lines = ["| fault | must hold | measured | s | |", "| --- | --- | --- | --- | --- |"]
    for row in listed:
        verdict = "holds" if row.holds else "FAILS"
        lines.append(f"| {row.name} | {row.expected} | {row.measured} | {row.seconds:.0f} | {verdict} |")
    for row in listed:
        lines += [f"{row.name}: {problem}" for problem in row.problems]
    return "\n".join(lines)
