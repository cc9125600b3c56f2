import itertools
import random

import pytest

from consumers.tracking.assignment import FORBIDDEN, assign


def cheapest(costs: list[list[float]]) -> float:
    """By trying everything."""
    rows, columns = len(costs), len(costs[0])
    if rows > columns:
        return cheapest([list(column) for column in zip(*costs, strict=True)])
    return min(
        sum(costs[r][c] for r, c in enumerate(chosen)) for chosen in itertools.permutations(range(columns), rows)
    )


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (3, 3), (2, 5), (5, 2), (4, 4)])
def test_assign_costs_least(rows: int, columns: int) -> None:
    numbers = random.Random(rows * 10 + columns)
    for _ in range(40):
        costs = [[numbers.random() for _ in range(columns)] for _ in range(rows)]
        pairs = assign(costs)
        assert len(pairs) == min(rows, columns)
        assert len({r for r, _ in pairs}) == len({c for _, c in pairs}) == len(pairs)
        assert sum(costs[r][c] for r, c in pairs) == pytest.approx(cheapest(costs))


def test_assign_leaves_out_what_is_forbidden() -> None:
    assert assign([[FORBIDDEN, 0.2], [FORBIDDEN, 0.1]]) == [(1, 1)]
    assert assign([[FORBIDDEN]]) == []


def test_assign_without_rows_or_columns_is_nothing() -> None:
    assert assign([]) == []
    assert assign([[], []]) == []
