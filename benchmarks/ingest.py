"""What one POST of a frame costs: frames/s, latency and CPU of the ingest process, at keep-alive, against a real Kafka.

    python -m benchmarks.ingest
    python -m benchmarks.ingest --bytes 30000 --seconds 10 --load 2x10 --load 8x25 --load 32x0

Starts servers and ingest of its own on free ports. A load is CAMERASxFPS; FPS 0: as fast as answers come (a camera is
held to 60 frames/s, so many are needed to find the limit). Prints one JSON line per load, one for no load, and a table.
"""

import argparse
import itertools
import json
import os
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from benchmarks.tables import markdown_table
from common.contracts.camera_settings import AnalysisSettings, CameraSettings
from common.contracts.identity import hash_token, make_camera_id, make_session, make_token
from common.kafka.confluent import ConfluentProducer
from common.settings import KafkaSettings
from common.topics import CAMERA_SETTINGS, DEFAULT_PARTITIONS
from infra.native.stack import Stack

INGEST = "producer_service"
DEFAULT_LOADS = ("1x10", "2x10", "8x25", "32x0")
KNOWN_S = 30.0


@dataclass(frozen=True)
class Load:
    """So many cameras at so many frames/s each; 0: closed loop."""

    cameras: int
    fps: float


@dataclass(frozen=True)
class Camera:
    """A camera that may post."""

    camera_id: str
    token: str = field(repr=False)


def parse_load(text: str) -> Load:
    cameras, _, fps = text.partition("x")
    return Load(int(cameras), float(fps))


def make_jpeg(size_bytes: int) -> bytes:
    """Markers and header of a 640 x 480 baseline JPEG, filled up: ingest looks no further."""
    header = b"\xff\xc0\x00\x11\x08\x01\xe0\x02\x80\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01"
    scan = b"\xff\xda\x00\x0c\x03\x01\x00\x02\x11\x03\x11\x00\x3f\x00"
    return b"\xff\xd8" + header + scan + bytes(max(0, size_bytes - 2 - len(header) - len(scan) - 2)) + b"\xff\xd9"


class PostingCamera:
    """One keep-alive connection that posts until told to stop. Raw bytes, so that the client costs next to nothing."""

    def __init__(self, camera: Camera, port: int, jpeg: bytes, fps: float) -> None:
        self.latencies_s: list[float] = []
        self.statuses: Counter[int] = Counter()
        self._fps = fps
        self._connection = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = (
            f"POST /v1/cameras/{camera.camera_id}/frames HTTP/1.1\r\nHost: ingest\r\nContent-Type: image/jpeg\r\n"
            f"Authorization: Bearer {camera.token}\r\nContent-Length: {len(jpeg)}\r\n"
            f"X-Lookout-Session: {make_session()}\r\n"
        )
        self._jpeg = jpeg

    def post_until(self, end_s: float) -> None:
        """`end_s`: of `time.perf_counter`."""
        due_s = time.perf_counter()
        with self._connection:
            for seq in itertools.count():
                if self._fps > 0:
                    due_s += 1 / self._fps
                    time.sleep(max(0.0, due_s - time.perf_counter()))
                began_s = time.perf_counter()
                if began_s >= end_s:
                    return
                numbers = f"X-Lookout-Seq: {seq}\r\nX-Lookout-Captured-At: {time.time_ns() // 1000}\r\n\r\n"
                self._connection.sendall((self._head + numbers).encode() + self._jpeg)
                self.statuses[self._read_status()] += 1
                self.latencies_s.append(time.perf_counter() - began_s)

    def _read_status(self) -> int:
        answer = b""
        while not answer.endswith(b"}"):
            got = self._connection.recv(65_536)
            if not got:
                raise ConnectionError("ingest closed the connection")
            answer += got
        return int(answer[9:12])


def cpu_seconds(pid: int) -> float:
    """CPU time of a process and its children, user and system."""
    process = psutil.Process(pid)
    return float(sum(sum(p.cpu_times()[:2]) for p in (process, *process.children(recursive=True))))


def idle_cpu_ms_per_s(pid: int, seconds: float) -> float:
    """What ingest costs when nobody posts; it is contained in the figures of the loads."""
    before_s = cpu_seconds(pid)
    time.sleep(seconds)
    return round((cpu_seconds(pid) - before_s) * 1000 / seconds, 1)


def measure(load: Load, cameras: list[Camera], port: int, pid: int, jpeg: bytes, seconds: float) -> dict[str, Any]:
    """One row: what was sent, answered, and what it cost the ingest process."""
    posting = [PostingCamera(camera, port, jpeg, load.fps) for camera in cameras[: load.cameras]]
    before_s, began_s = cpu_seconds(pid), time.perf_counter()
    threads = [threading.Thread(target=one.post_until, args=(began_s + seconds,)) for one in posting]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall_s, cpu_s = time.perf_counter() - began_s, cpu_seconds(pid) - before_s
    latencies_s = sorted(itertools.chain.from_iterable(one.latencies_s for one in posting))
    statuses: Counter[int] = sum((one.statuses for one in posting), Counter())
    count = max(1, len(latencies_s))

    def percentile_ms(share: float) -> float:
        return round(latencies_s[min(count - 1, int(count * share))] * 1000, 1) if latencies_s else 0.0

    return {
        "cameras": load.cameras,
        "fps": load.fps or "max",
        "posts_per_s": round(count / wall_s, 1),
        "cpu_ms_per_post": round(cpu_s * 1000 / count, 3),
        "cpu_cores": round(cpu_s / wall_s, 2),
        "p50_ms": percentile_ms(0.5),
        "p95_ms": percentile_ms(0.95),
        "p99_ms": percentile_ms(0.99),
        "not_201": sum(n for status, n in statuses.items() if status != 201),
    }


def add_cameras(count: int, environment: dict[str, str]) -> list[Camera]:
    """Write cameras as the API server does, spread over the partitions."""
    kafka = KafkaSettings.model_validate(environment)
    producer = ConfluentProducer(kafka)
    cameras = []
    for number in range(count):
        camera = Camera(make_camera_id(), make_token())
        settings = CameraSettings(
            camera=camera.camera_id,
            version=1,
            name=f"bench {number}",
            owner="bench",
            token_hashes=(hash_token(camera.token),),
            partition=number % DEFAULT_PARTITIONS,
            analyses=(AnalysisSettings(name="recorder"),),
        )
        producer.send_and_wait(kafka.topic(CAMERA_SETTINGS), camera.camera_id.encode(), settings.to_json(), partition=0)
        cameras.append(camera)
    producer.close()
    return cameras


def wait_known(camera: Camera, port: int, jpeg: bytes) -> None:
    """Until ingest takes frames of the camera that was added last. Raises TimeoutError."""
    until_s = time.monotonic() + KNOWN_S
    while time.monotonic() < until_s:
        one = PostingCamera(camera, port, jpeg, 0)
        one.post_until(time.perf_counter() + 0.01)
        if one.statuses[201]:
            return
        time.sleep(0.1)
    raise TimeoutError("ingest does not take frames")


def report(line: str) -> None:
    print(line, file=sys.stderr)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ingest", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--load", action="append", type=parse_load, metavar="CAMERASxFPS")
    parser.add_argument("--bytes", type=int, default=30_000, help="size of a frame (30000)")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of each load (10)")
    given = parser.parse_args(arguments)
    loads = given.load or [parse_load(text) for text in DEFAULT_LOADS]
    jpeg = make_jpeg(given.bytes)
    rows = []
    with tempfile.TemporaryDirectory(prefix="lookout-bench-") as folder:
        stack = Stack.on_free_ports(
            Path(folder), environment={**os.environ, "DEMO": "0"}, services=(INGEST,), report=report
        )
        with stack:
            stack.wait_ready(INGEST)
            cameras = add_cameras(max(load.cameras for load in loads), stack.env)
            port, pid = stack.ports.ingest, stack.pid_of(INGEST)
            if pid is None:
                print("ingest ended", file=sys.stderr)
                return 1
            wait_known(cameras[-1], port, jpeg)
            print(json.dumps({"idle_cpu_ms_per_s": idle_cpu_ms_per_s(pid, given.seconds)}), flush=True)
            for load in loads:
                rows.append(measure(load, cameras, port, pid, jpeg, given.seconds))
                print(json.dumps(rows[-1]), flush=True)
    print(markdown_table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
