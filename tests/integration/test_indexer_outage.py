"""The indexer over servers of its own that die: what was announced is listed, whatever the database lost."""

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from common.contracts.clip_event import ClipReady, clip_ready
from infra.native.servers import ServerGroup
from tests.integration.api_system import ApiSystem, open_system
from tests.support.service_process import wait_until
from tests.unit.api_server.world import make_sidecar, make_sighting

pytestmark = [pytest.mark.timeout(500), pytest.mark.slow]
CLIPS = 120
EVERY_S = 0.1
SIGHTINGS = 2


def make_event(n: int, recent_ms: int) -> ClipReady:
    seen = tuple(make_sighting(k) for k in range(SIGHTINGS))
    return clip_ready(make_sidecar("cam-aaaaaaaaaa", start_ms=recent_ms + n * 10_000, sightings=seen), 10_000)


def all_ids(client: httpx.Client, kind: str) -> list[str]:
    found, cursor = [], ""
    while True:
        answer = client.get(f"/v1/{kind}", params={"limit": 200, "cursor": cursor})
        if answer.status_code == 503:
            return []
        assert answer.status_code == 200, answer.text
        found += [item["id"] for item in answer.json()[kind]]
        cursor = answer.json()["next"] or ""
        if not cursor:
            return found


def kill(system: ApiSystem) -> None:
    process = system.indexer.process
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(20)
    system.start(system.indexer)


def test_every_clip_is_listed_once_although_database_and_indexer_are_killed(
    private_servers: Callable[[], ServerGroup], tmp_path: Path
) -> None:
    group = private_servers()
    variables = {
        **group.endpoints.variables(),
        "LOOKOUT_VAR_DIR": str(tmp_path),
        "LOOKOUT_TOPIC_PREFIX": "loss-",
        "LOOKOUT_MIN_FREE_BYTES": "0",
    }
    # Of the last hour: the retention of whoever starts the indexer anew must not find them too old.
    recent_ms = (int(time.time()) - 3600) * 1000
    events = [make_event(n, recent_ms) for n in range(CLIPS)]
    with open_system(variables, tmp_path) as system:
        system.start()
        admin = system.sign_in()

        def announce() -> None:
            for event in events:
                system.announce(event)
                time.sleep(EVERY_S)

        announcing = threading.Thread(target=announce)
        announcing.start()
        for _ in range(2):
            wait_until(lambda: len(all_ids(admin, "clips")) > 0, "clips are listed")
            group.kill("mongo")
            wait_until(lambda: system.indexer.status_of("/readyz") == 503, "the indexer says that it waits")
            assert admin.get("/v1/clips").status_code == 503
            group.launch("mongo")
            group.wait_ready("mongo")
        kill(system)
        announcing.join()
        expected = {event.clip_id for event in events}
        wait_until(lambda: set(all_ids(admin, "clips")) >= expected, "every clip is listed", 120)
        clips, sightings = all_ids(admin, "clips"), all_ids(admin, "sightings")
        assert sorted(clips) == sorted(expected)
        assert sorted(sightings) == sorted(f"{clip}.{n}" for clip in expected for n in range(SIGHTINGS))
        assert system.indexer.status_of("/readyz") == 200
