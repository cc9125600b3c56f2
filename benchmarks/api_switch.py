"""How soon what a person sets acts on the frames: `python -m benchmarks.api_switch [--rounds 10]`.

A camera sends ten frames a second; its recording is stopped and started by the API. What a frame may be used for stands
in its headers, stamped when it is taken in (DESIGN 4), so the recorder stops at the first frame without its name. Real
Kafka, API and ingest. One JSON line; exit status 1 when a change took longer than 5 s.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx

from benchmarks.pictures import make_jpegs
from common.contracts.camera_settings import RECORDER
from common.contracts.frame import decode_headers, is_tick
from common.contracts.identity import make_session
from common.deadline import Deadline
from common.kafka.confluent import ConfluentTopicReader
from common.kafka.ports import FROM_BEGINNING
from common.settings import KafkaSettings, load_settings
from common.topics import FRAMES
from infra.native.stack import Stack

FRAME_S = 0.1
MOST_S = 5.0
BETWEEN_S = 6.0
"""Longer than a change may take."""
READ_S = 60.0


def send_frames(url: str, token: str, stop: threading.Event) -> None:
    jpegs, session, seq = make_jpegs("cars", 320, 240, 10), make_session(), 0
    with httpx.Client(timeout=30) as client:
        while not stop.wait(FRAME_S):
            headers = {
                "Authorization": f"Bearer {token}",
                "Content-Type": "image/jpeg",
                "X-Lookout-Session": session,
                "X-Lookout-Seq": str(seq),
                "X-Lookout-Captured-At": str(time.time_ns() // 1000),
            }
            client.post(url, content=jpegs[seq % len(jpegs)], headers=headers)
            seq += 1


def switched_us(client: httpx.Client, camera: str, rounds: int) -> list[tuple[int, bool]]:
    """When each change was asked for, and whether recording was on from then on."""
    changes = []
    for turn in range(rounds):
        is_on = turn % 2 == 1
        changes.append((time.time_ns() // 1000, is_on))
        client.put(f"/v1/cameras/{camera}/recording", json={"on": is_on}).raise_for_status()
        time.sleep(BETWEEN_S)
    return changes


def stamped(settings: KafkaSettings) -> list[tuple[int, bool]]:
    """Of every frame: when it was taken in, and whether the recorder may have it."""
    reader, found, deadline = ConfluentTopicReader(settings, [FRAMES], FROM_BEGINNING), [], Deadline(READ_S)
    try:
        while not reader.is_caught_up and not deadline.is_over:
            for record in reader.poll(1.0):
                if not is_tick(record.key, record.value, record.headers):
                    frame = decode_headers(record.headers)
                    found.append((frame.ingested_at_us, frame.request_for(RECORDER) is not None))
    finally:
        reader.close()
    return sorted(found)


def acted_s(changes: list[tuple[int, bool]], frames: list[tuple[int, bool]]) -> list[float]:
    """From each request to the last frame that was taken in as before it."""
    ends = [at_us for at_us, _ in changes[1:]] + [frames[-1][0] + 1]
    times = []
    for (at_us, is_on), end_us in zip(changes, ends, strict=True):
        as_before = [us for us, is_recorded in frames if at_us <= us < end_us and is_recorded is not is_on]
        times.append((max(as_before) - at_us) / 1e6 if as_before else 0.0)
    return times


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.api_switch", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10, help="changes, off and on in turns (10)")
    rounds = parser.parse_args(arguments).rounds
    with (
        tempfile.TemporaryDirectory(prefix="lookout-bench-") as folder,
        Stack.on_free_ports(
            Path(folder),
            environment={**os.environ, "DEMO": "0"},
            services=("api_server", "producer_service"),
            report=lambda line: print(line, file=sys.stderr),
        ) as stack,
        httpx.Client(base_url=stack.page_url, timeout=60) as client,
    ):
        name, password = (stack.system.var.root / "first-admin").read_text().split()
        answer = client.post("/v1/session", json={"name": name, "password": password}).raise_for_status()
        client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        camera = client.post("/v1/cameras", json={"name": "Gate"}).raise_for_status().json()
        stop = threading.Event()
        url = f"http://127.0.0.1:{stack.system.ports.ingest}{camera['ingest_path']}"
        sender = threading.Thread(target=send_frames, args=(url, camera["token"], stop), daemon=True)
        sender.start()
        try:
            time.sleep(BETWEEN_S)
            changes = switched_us(client, camera["id"], rounds)
        finally:
            stop.set()
            sender.join(30)
        frames = stamped(load_settings(KafkaSettings, stack.env))
    times = acted_s(changes, frames)
    is_good = len(frames) > rounds and max(times) <= MOST_S
    print(
        json.dumps(
            {
                "frames": len(frames),
                "changes": rounds,
                "median_s": round(statistics.median(times), 2),
                "worst_s": round(max(times), 2),
                "ok": is_good,
            }
        )
    )
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
