"""The cheapest one-to-one assignment of rows to columns (Kuhn, 1955; shortest augmenting paths after Jonker and
Volgenant, 1987)."""

import math
from collections.abc import Sequence

FORBIDDEN = 1e6
"""A cost from here on is never taken."""


def assign(costs: Sequence[Sequence[float]]) -> list[tuple[int, int]]:
    """Pairs (row, column) in order of rows, without those that cost `FORBIDDEN` or more. `costs`: rows x columns.

    Deterministic: among equally cheap assignments the one with earlier columns for earlier rows. O(rows² columns).
    """
    rows = len(costs)
    columns = len(costs[0]) if rows else 0
    if not rows or not columns:
        return []
    if rows > columns:
        turned = [[costs[row][column] for row in range(rows)] for column in range(columns)]
        return sorted((row, column) for column, row in assign(turned))
    held = _solve(costs, rows, columns)
    pairs = sorted((row, column) for column, row in enumerate(held) if row >= 0)
    return [(row, column) for row, column in pairs if costs[row][column] < FORBIDDEN]


def _solve(costs: Sequence[Sequence[float]], rows: int, columns: int) -> list[int]:
    """The row that holds each column, -1 for none. Column `columns` is a stand-in that starts each search."""
    row_price, column_price = [0.0] * rows, [0.0] * (columns + 1)
    held = [-1] * (columns + 1)
    for row in range(rows):
        held[columns] = row
        at, came_from = columns, [columns] * (columns + 1)
        least, done = [math.inf] * (columns + 1), [False] * (columns + 1)
        while held[at] >= 0:
            done[at] = True
            here, step, following = held[at], math.inf, columns
            for column in range(columns):
                if done[column]:
                    continue
                reduced = costs[here][column] - row_price[here] - column_price[column]
                if reduced < least[column]:
                    least[column], came_from[column] = reduced, at
                if least[column] < step:
                    step, following = least[column], column
            for column in range(columns + 1):
                if done[column]:
                    row_price[held[column]] += step
                    column_price[column] -= step
                else:
                    least[column] -= step
            at = following
        while at != columns:
            held[at] = held[came_from[at]]
            at = came_from[at]
    return held[:columns]
