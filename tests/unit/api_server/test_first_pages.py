"""Where a first page ended narrows the next one, and changes nothing about it."""

import random
from typing import Any, get_args

import pytest

from api_server.clips.first_pages import REMEMBERED, FirstPages
from api_server.clips.paging import TimeOrder, sorted_by
from api_server.database.memory import MemoryDatabase
from api_server.database.port import Document, Sort, Where

FIELDS = ("start_ms", "_id")


class Watched:
    """A collection that knows what was asked of it."""

    def __init__(self) -> None:
        self._clips: Any = MemoryDatabase().collection("clips")
        self.asked: list[Where] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._clips, name)

    def find(self, where: Where, sort: Sort = (), limit: int = 0) -> list[Document]:
        self.asked.append(where)
        found: list[Document] = self._clips.find(where, sort, limit)
        return found


def put(clips: Any, *times: int) -> None:
    for at in times:
        clips.insert({"_id": f"clip-{at}-{random.Random(at).random()}", "start_ms": at, "camera": f"cam-{at % 2}"})


@pytest.mark.parametrize("order", get_args(TimeOrder))
@pytest.mark.parametrize("where", [{}, {"camera": "cam-1"}, {"start_ms": {"$lt": 70}}])
def test_first_page_is_always_what_the_whole_list_begins_with(order: TimeOrder, where: dict[str, Any]) -> None:
    clips, pages, luck = Watched(), FirstPages(), random.Random(3)
    for turn in range(200):
        for _ in range(luck.randrange(3)):
            clips.insert({"_id": f"c{turn}.{luck.random()}", "start_ms": luck.randrange(100), "camera": "cam-1"})
        if luck.random() < 0.3:
            low = luck.randrange(100)
            clips.delete({"start_ms": {"$gte": low, "$lt": low + luck.randrange(40)}})
        limit = luck.choice((1, 3, 10))
        wanted = clips._clips.find(where, sorted_by(order, *FIELDS), limit)
        assert pages.find(clips, where, order, FIELDS, limit) == wanted, turn


def test_first_page_asked_again_is_narrowed_to_where_it_ended() -> None:
    clips, pages = Watched(), FirstPages()
    put(clips, *range(100))
    pages.find(clips, {}, "newest", FIELDS, 10)
    put(clips, 100)
    assert [found["start_ms"] for found in pages.find(clips, {}, "newest", FIELDS, 10)] == list(range(100, 90, -1))
    assert clips.asked == [{}, {"$and": [{"start_ms": {"$gte": 90}}, {}]}]


def test_first_page_of_which_things_were_deleted_is_asked_for_as_a_whole() -> None:
    clips, pages = Watched(), FirstPages()
    put(clips, *range(20))
    pages.find(clips, {}, "oldest", FIELDS, 10)
    clips.delete({"start_ms": {"$lt": 5}})
    assert [found["start_ms"] for found in pages.find(clips, {}, "oldest", FIELDS, 10)] == list(range(5, 15))
    clips.delete({"start_ms": {"$lt": 15}})
    assert len(pages.find(clips, {}, "oldest", FIELDS, 10)) == 5
    assert len(clips.asked) == 5
    pages.find(clips, {}, "oldest", FIELDS, 10)
    assert clips.asked[5:] == [{}], "what is short has no end to be narrowed to"


def test_first_pages_of_many_lists_are_bounded() -> None:
    clips, pages = Watched(), FirstPages()
    put(clips, *range(5))
    for n in range(REMEMBERED + 10):
        pages.find(clips, {"start_ms": {"$lt": 100 + n}}, "newest", FIELDS, 2)
    assert len(pages._ends) == REMEMBERED
