"""Every filter of every list has an index that narrows it, or keeps its order, on a real database."""

import itertools
from typing import Any, get_args

import pytest

from api_server.clips.filters import SightingFilter
from api_server.clips.paging import Order, sorted_by
from api_server.database.schema import (
    AUDIT,
    CLIPS,
    COLLECTIONS,
    EXPORTS,
    QUERIES,
    QUERY_SIGHTINGS,
    SHARES,
    SIGHTINGS,
    UPLOADS,
    USERS,
)
from api_server.routes.parameters import ListQuery
from api_server.routes.query_listing import QueryListQuery
from api_server.routes.recording_routes import RecordingQuery
from api_server.routes.visible import sighting_filter

INDEXES = {spec.name: [index.fields for index in spec.indexes] for spec in COLLECTIONS}
FILTERS: dict[str, dict[str, Any]] = {
    "cameras": {"cameras": {"cam-aaaaaaaaaa"}},
    "analysis": {"analysis": "emotion"},
    "label": {"label": "happy"},
    "text": {"text": "M AB 1"},
    "person": {"person": "Ada"},
    "from": {"from_ms": 1},
    "to": {"to_ms": 1},
}
PATTERNS = {"text_key", "person_key"}
"""Fields that are compared by a pattern, over the keys of their index."""
SELECTIVE = {"camera", "analysis", "label", *PATTERNS}
"""Fields that narrow; times are walked along by the order itself, and states are nearly all the same."""


def serves(index: tuple[str, ...], where: dict[str, Any], order: tuple[str, str]) -> bool:
    """Whether the index begins with a field that the filter narrows by, or keeps the list's order."""
    return index[0] in where or index[:2] == order


@pytest.mark.parametrize("names", [c for n in range(3) for c in itertools.combinations(FILTERS, n)])
def test_filter_of_sightings_and_clips_has_an_index(names: tuple[str, ...]) -> None:
    given = {key: value for name in names for key, value in FILTERS[name].items()}
    wanted = SightingFilter(**given)
    lists = [(SIGHTINGS, dict(wanted.where()), ("first_us", "_id"))]
    if wanted.is_about_sightings:
        lists.append((SIGHTINGS, dict(wanted.where()), ("start_ms", "clip")))
    else:
        lists.append((CLIPS, dict(wanted.clips_where(shows_empty=True)), ("start_ms", "_id")))
    for collection, where, order in lists:
        assert any(serves(index, where, order) for index in INDEXES[collection]), (collection, where)
        for field in SELECTIVE & set(where):
            served = [index for index in INDEXES[collection] if index[0] == field]
            assert served, f"{collection} is filtered by {field}, which no index begins with"
            if field not in PATTERNS:
                # The narrowed list comes in its order: a page reads a page, and not everything.
                assert any(index[1] in (order[0], "first_us") for index in served), (collection, field)


def test_every_parameter_of_the_lists_is_looked_at_here() -> None:
    paging = {"limit", "cursor", "reason", "sort"}
    asked = {"camera", "analysis", "label", "emotion", "text", "person", "from_ms", "to_ms"}
    assert set(ListQuery.model_fields) - paging == asked
    # An emotion is a label of its analysis.
    assert sighting_filter(ListQuery.model_validate({"emotion": "happy"})) == SightingFilter(
        analysis="emotion", label="happy"
    )
    assert set(QueryListQuery.model_fields) - paging == {"state", "camera", "recording", "analysis"}
    # How long a span is stands in no document: it is made of clips.
    lengths = {"duration_min_s", "duration_max_s"}
    assert set(RecordingQuery.model_fields) - paging - lengths == {"camera", "source", "from_ms", "to_ms"}


@pytest.mark.parametrize(
    ("collection", "index"),
    [
        (QUERIES, ("created_us", "_id")),
        (QUERIES, ("camera", "created_us", "_id")),
        (QUERIES, ("owner", "created_us", "_id")),
        (QUERIES, ("question.recording", "created_us", "_id")),
        (QUERIES, ("question.analysis", "created_us", "_id")),
        (QUERIES, ("state", "created_us", "_id")),
        (QUERY_SIGHTINGS, ("query_id", "n")),
        (QUERY_SIGHTINGS, ("query_id", "first_us", "_id")),
        (UPLOADS, ("owner", "start_us", "_id")),
        (UPLOADS, ("start_us", "_id")),
        (EXPORTS, ("owner", "created_us", "_id")),
        (EXPORTS, ("created_us", "_id")),
        (SHARES, ("clip", "created_us", "_id")),
        (USERS, ("created_us", "_id")),
        (CLIPS, ("held_us", "start_ms", "_id")),
        (CLIPS, ("state", "start_ms", "_id")),
        (CLIPS, ("is_empty", "start_ms", "_id")),
    ],
)
def test_list_or_chore_has_its_index(collection: str, index: tuple[str, ...]) -> None:
    assert index in INDEXES[collection]


@pytest.mark.parametrize("order", get_args(Order))
def test_order_of_a_list_is_one_direction_of_its_index(order: Order) -> None:
    fields = ("first_us", "_id")
    assert [field for field, _ in sorted_by(order, *fields)] == list(fields)
    assert len({direction for _, direction in sorted_by(order, *fields)}) == 1


@pytest.mark.parametrize("field", ["actor", "action", "camera", "target"])
def test_filter_of_the_audit_log_has_an_index(field: str) -> None:
    assert (field, "seq") in INDEXES[AUDIT]


def test_no_index_is_partial_and_none_stands_twice() -> None:
    for name, indexes in INDEXES.items():
        assert len(set(indexes)) == len(indexes), name
