"""What every implementation of `api_server.database.port` must do. Subclasses provide the fixture `database`."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from api_server.database.port import Database


class DatabaseContract:
    """One test per promise."""

    def test_insert_never_replaces(self, database: Database) -> None:
        clips = database.collection("clips")
        assert clips.insert({"_id": "a", "n": 1})
        assert not clips.insert({"_id": "a", "n": 2})
        assert clips.get("a") == {"_id": "a", "n": 1}

    def test_insert_unique_value_taken_is_refused(self, database: Database) -> None:
        database.prepare()
        users = database.collection("users")
        assert users.insert({"_id": "1", "name": "ann"})
        assert not users.insert({"_id": "2", "name": "ann"})
        assert users.count({}) == 1

    def test_insert_of_many_at_once_one_wins(self, database: Database) -> None:
        database.prepare()
        users = database.collection("users")
        with ThreadPoolExecutor(8) as pool:
            wins = list(pool.map(lambda n: users.insert({"_id": str(n), "name": "admin"}), range(16)))
        assert sum(wins) == 1
        assert users.count({}) == 1

    def test_insert_missing_leaves_known_ones(self, database: Database) -> None:
        sightings = database.collection("sightings")
        sightings.insert({"_id": "b", "n": "old"})
        assert sightings.insert_missing([{"_id": name, "n": "new"} for name in "abc"]) == 2
        assert [d["n"] for d in sightings.find({}, sort=[("_id", 1)])] == ["new", "old", "new"]
        assert sightings.insert_missing([]) == 0

    def test_insert_does_not_touch_what_was_given(self, database: Database) -> None:
        document = {"_id": "a"}
        database.collection("clips").insert(document)
        assert document == {"_id": "a"}

    @pytest.mark.parametrize(
        ("where", "expected"),
        [
            ({}, "abcd"),
            ({"n": 2}, "b"),
            ({"n": {"$lt": 3}}, "ab"),
            ({"n": {"$lte": 3}}, "abc"),
            ({"n": {"$gt": 1, "$lt": 3}}, "b"),
            ({"n": {"$gte": 3}}, "c"),
            ({"n": {"$ne": 2}}, "acd"),
            ({"n": {"$in": [1, 3]}}, "ac"),
            ({"n": {"$nin": [1, 3]}}, "bd"),
            ({"n": {"$exists": False}}, "d"),
            ({"n": None}, "d"),
            ({"text": {"$regex": "B1"}}, "ab"),
            ({"text": {"$regex": "^B1"}}, "b"),
            ({"at.x": 5}, "c"),
            ({"$or": [{"n": 1}, {"n": 3}]}, "ac"),
            ({"$and": [{"n": {"$gt": 1}}, {"$or": [{"n": 1}, {"n": 3}]}]}, "c"),
            ({"n": {"$lt": 3}, "text": {"$regex": "A"}}, "a"),
            ({"$or": [{"text": {"$regex": "A"}}, {"n": 3}]}, "ac"),
            ({"_id": {"$in": ["a", "c", "x"]}}, "ac"),
        ],
    )
    def test_find_filters(self, database: Database, where: dict[str, object], expected: str) -> None:
        clips = database.collection("clips")
        clips.insert({"_id": "a", "n": 1, "text": "AB12"})
        clips.insert({"_id": "b", "n": 2, "text": "B1"})
        clips.insert({"_id": "c", "n": 3, "text": None, "at": {"x": 5}})
        clips.insert({"_id": "d"})
        assert "".join(d["_id"] for d in clips.find(where, sort=[("_id", 1)])) == expected
        assert clips.count(where) == len(expected)

    def test_find_sorts_by_several_fields_and_limits(self, database: Database) -> None:
        clips = database.collection("clips")
        for name, n in (("a", 2), ("b", 1), ("c", 2), ("d", 3)):
            clips.insert({"_id": name, "n": n})
        found = clips.find({}, sort=[("n", -1), ("_id", -1)], limit=3)
        assert [d["_id"] for d in found] == ["d", "c", "a"]

    def test_update_changes_one_and_says_so(self, database: Database) -> None:
        clips = database.collection("clips")
        clips.insert({"_id": "a", "n": 1, "old": True})
        assert clips.update({"_id": "a", "n": 1}, {"$set": {"n": 5}, "$unset": {"old": ""}})
        assert not clips.update({"_id": "a", "n": 1}, {"$set": {"n": 9}})
        assert clips.update_and_get({"_id": "a"}, {"$inc": {"n": 2}, "$max": {"m": 4}}) == {"_id": "a", "n": 7, "m": 4}
        assert clips.update_and_get({"_id": "a"}, {"$max": {"m": 3}}) == {"_id": "a", "n": 7, "m": 4}
        assert clips.update_and_get({"_id": "b"}, {"$set": {"n": 1}}) is None

    def test_update_reaches_into_an_object(self, database: Database) -> None:
        users = database.collection("users")
        users.insert({"_id": "a", "name": "ann", "grants": {}})
        assert users.update({"_id": "a"}, {"$set": {"grants.cam-a": "view"}, "$inc": {"n": 1}})
        assert users.update({"_id": "a", "grants.cam-a": "view"}, {"$set": {"grants.cam-b": "operate"}})
        assert users.update_and_get({"_id": "a"}, {"$unset": {"grants.cam-a": ""}}) == {
            "_id": "a",
            "name": "ann",
            "grants": {"cam-b": "operate"},
            "n": 1,
        }

    def test_update_of_many_at_once_loses_none(self, database: Database) -> None:
        clips = database.collection("clips")
        clips.insert({"_id": "a", "n": 0})
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: clips.update({"_id": "a"}, {"$inc": {"n": 1}}), range(64)))
        assert clips.get("a") == {"_id": "a", "n": 64}

    def test_update_of_a_version_one_wins(self, database: Database) -> None:
        cameras = database.collection("cameras")
        cameras.insert({"_id": "a", "version": 1})
        change = {"$set": {"version": 2}}
        with ThreadPoolExecutor(8) as pool:
            wins = list(pool.map(lambda _: cameras.update({"_id": "a", "version": 1}, change), range(16)))
        assert sum(wins) == 1

    def test_update_all_delete_count_total(self, database: Database) -> None:
        clips = database.collection("clips")
        for n in range(5):
            clips.insert({"_id": str(n), "n": n, "state": "live"})
        assert clips.update_all({"n": {"$lt": 3}}, {"$set": {"state": "gone"}}) == 3
        assert clips.count({"state": "gone"}) == 3
        assert clips.total("n", {"state": "live"}) == 7
        assert clips.total("n", {"state": "nothing"}) == 0
        assert clips.delete({"state": "gone"}) == 3
        assert clips.delete({"state": "gone"}) == 0
        assert [d["_id"] for d in clips.find({}, sort=[("_id", 1)])] == ["3", "4"]

    def test_large_numbers_and_any_text_come_back(self, database: Database) -> None:
        document = {"_id": "a", "us": 1_800_000_000_000_000, "text": 'ü✓"$where"', "box": [1, 2], "deep": {"k": None}}
        database.collection("clips").insert(document)
        assert database.collection("clips").get("a") == document

    def test_prepare_may_be_repeated(self, database: Database) -> None:
        database.prepare()
        database.prepare()
        database.ping()

    def test_unknown_collection_is_refused(self, database: Database) -> None:
        with pytest.raises(KeyError):
            database.collection("nonsense")
