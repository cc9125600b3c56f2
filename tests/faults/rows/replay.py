"""Both topics are read again from offset 0, after one clip was deleted."""

import time
from typing import Any

from pymongo import MongoClient

from api_server.clips.store import ClipStore
from api_server.database.mongo import MongoDatabase
from api_server.indexer.loop import GROUP as INDEXER_GROUP
from common.settings import MongoSettings
from common.topics import CLIP_EVENTS, FRAMES
from tests.faults.fault_bench import FaultBench
from tests.faults.group_offsets import has_read_all, rewind
from tests.faults.scenario import QUICK, Measured
from tests.faults.stand_in_analysis import ANALYSIS
from tests.support.service_process import wait_until

SECONDS = 25
LIMIT_S = 90.0


class Replay:
    name = "replay of every topic from offset 0"
    expected = "new objects 0, changed records 0; a deleted clip stays deleted"
    is_quick = True

    def run(self, bench: FaultBench) -> Measured:
        # 1. A while of ordinary work, all of it settled and its marks committed.
        if bench.pace is QUICK:
            bench.cameras.clip_ms = 2_000
        bench.start_indexer()
        bench.keep_running(1)
        bench.cameras.start()
        bench.wait_all_cameras(0)
        time.sleep(bench.pace.times(SECONDS, least=5))
        bench.cameras.stop()
        bench.settle()
        # 2. A person deletes a clip.
        victim = sorted(bench.checker.live_clips())[1]
        self._delete(bench, victim)
        wait_until(lambda: victim not in bench.checker.live_clips(), "the clip is a tombstone", LIMIT_S)
        wait_until(lambda: has_read_all(bench, ANALYSIS, FRAMES), "the marks are at the log's end", LIMIT_S)
        statuses = [member.terminate() for member in bench.members if member.is_running]
        assert bench.indexer is not None
        bench.indexer.stop()
        objects, records = self._objects(bench), self._records(bench)
        # 3. Everything again.
        rewind(bench, ANALYSIS, FRAMES)
        rewind(bench, INDEXER_GROUP, CLIP_EVENTS)
        bench.indexer.start()
        begin_s = time.time()
        again = bench.start_member()
        wait_until(lambda: has_read_all(bench, ANALYSIS, FRAMES), "frames are read again" + again.log[-500:], LIMIT_S)
        wait_until(lambda: has_read_all(bench, INDEXER_GROUP, CLIP_EVENTS), "events are read again", LIMIT_S)
        replayed = len(again.analysed())
        took_s = time.time() - begin_s
        # 4. Nothing has changed.
        measured, books = bench.judge()
        objects_now, records_now = self._objects(bench), self._records(bench)
        new = set(objects_now) - set(objects)
        altered = [key for key, etag in objects.items() if objects_now.get(key) != etag]
        changed = [name for name, record in records.items() if records_now.get(name) != record]
        measured.require(not new, f"new objects: {sorted(new)[:5]}")
        measured.require(not altered, f"objects changed: {altered[:5]}")
        measured.require(not changed and len(records_now) == len(records), f"records changed: {changed[:5]}")
        measured.require(books.deleted == 1, f"{books.deleted} tombstones instead of 1")
        measured.require(not any(statuses), f"members left with {statuses}")
        measured.require(replayed > 0, "nothing was read again")
        return measured.add(
            f"{replayed} frames again in {took_s:.0f} s: new objects {len(new)}, changed records {len(changed)}",
            f"deleted {books.deleted}",
        )

    def _delete(self, bench: FaultBench, clip: str) -> None:
        """As the API server does; the indexer's eraser follows."""
        database = MongoDatabase(MongoSettings.model_validate(bench.variables))
        try:
            clips = ClipStore(database)
            record = clips.get(clip)
            assert record is not None, f"{clip} is not listed"
            clips.hide_window(record, "a person asked for it")
        finally:
            database.close()

    def _objects(self, bench: FaultBench) -> dict[str, str]:
        return {info.key: info.etag for info in bench.checker.store.list("clips/")}

    def _records(self, bench: FaultBench) -> dict[str, dict[str, Any]]:
        with MongoClient[dict[str, Any]](bench.variables["MONGODB_URL"]) as client:
            database = client.get_default_database()
            return {f"{n}/{d['_id']}": d for n in ("clips", "sightings", "gaps") for d in database[n].find({})}
