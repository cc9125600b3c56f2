"""One run of the whole system: two demo cameras send for a while, stop, and everything they left is collected."""

import contextlib
import dataclasses
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from camera_client.journal import JournalLine
from camera_client.tally import Outcome
from common.contracts.camera_settings import FIRST_RELEASE
from infra.native.layout import REPOSITORY
from infra.native.services import CONSUMERS
from infra.native.stack import Stack
from tests.e2e.api_person import ApiPerson, wait_for
from tests.e2e.camera_process import CameraProcess
from tests.e2e.checks.promptness import Listing
from tests.e2e.cpu import cpu_between, cpu_seconds
from tests.e2e.lag import LagSample, read_lag
from tests.e2e.listing_watch import ListingWatch
from tests.e2e.stored_clip import StoredClip

FACE, CARS = "face", "cars"
SCENES = (FACE, CARS)
CLIP_MS = 10_000
FPS = 10.0
NO_PROGRESS_S = 120.0
ALL_LISTED_S = 420.0
"""After the cameras have stopped, clips are waited for until none has come for two minutes, at most seven: that they
are late is one finding, that frames are lost another."""
FIRST_FRAME_S = 30.0
LAG_EVERY_S = 5.0
PURPOSE_S = 3600


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a run left. `cameras`: scene -> camera id; `clips` of this run only; `summaries` by camera; `cores`: average
    processors taken while the cameras sent, by process; `cpu_s`: CPU seconds until the last clip was listed."""

    cameras: Mapping[str, str]
    journals: Mapping[str, list[JournalLine]] = field(repr=False)
    summaries: Mapping[str, dict[str, Any]]
    clips: list[StoredClip] = field(repr=False)
    listings: list[Listing] = field(repr=False)
    sightings: list[dict[str, Any]] = field(repr=False)
    lags: list[LagSample]
    cores: Mapping[str, float]
    is_all_listed: bool
    cpu_s: Mapping[str, float] = field(default_factory=dict)

    def clips_of(self, analysis: str, camera: str) -> list[StoredClip]:
        """The clips of one analysis of one camera."""
        return [clip for clip in self.clips if (clip.sidecar.analysis, clip.sidecar.camera) == (analysis, camera)]


@dataclass
class TemporarySystem:
    """A running system whose folder is removed at the end, unless somebody wants to read its logs."""

    stack: Stack
    keeps_folder: bool = False


@contextlib.contextmanager
def temporary_system(report: Callable[[str], None]) -> Iterator[TemporarySystem]:
    """A system on free ports in a folder of its own. The folder stays when the body raises.

    It lies below `var/`: a temporary folder in memory lacks the file attributes that the S3 server needs.
    """
    runs = REPOSITORY / "var" / "test-runs"
    runs.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="whole-", dir=runs))
    stack = Stack.on_free_ports(folder, environment=_environment(), report=report)
    temporary = TemporarySystem(stack, keeps_folder=True)
    try:
        with stack:
            temporary.keeps_folder = False
            try:
                yield temporary
            except BaseException:
                temporary.keeps_folder = True
                raise
    finally:
        if temporary.keeps_folder:
            report(f"logs are kept in {stack.system.var.logs}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


class Scenario:
    """A started system with one signed-in person and one camera per scene. Used by one thread."""

    def __init__(self, stack: Stack, person: ApiPerson, folder: Path) -> None:
        self.stack, self.person = stack, person
        self._folder = folder
        self._created = {scene: person.create_camera(_camera_body(scene)) for scene in SCENES}
        self._watch = ListingWatch(person)
        self._runs = 0

    @property
    def cameras(self) -> dict[str, str]:
        """Scene -> camera id."""
        return {scene: made["id"] for scene, made in self._created.items()}

    @property
    def first_listed_s(self) -> float | None:
        """When the first clip was in a listing, by the monotonic clock."""
        return self._watch.first_at_s

    def __enter__(self) -> Self:
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._watch.stop()

    def run(self, seconds: float, during: Callable[[float], None] = lambda _: None) -> Evidence:
        """Let the cameras send for `seconds`, then wait for their clips. `during` is called about five times a second
        with the seconds since the first acknowledged frame."""
        self._runs += 1
        folder = self._folder / f"cameras-{self._runs}"
        folder.mkdir()
        with contextlib.ExitStack() as stack:
            clients = {}
            for scene, made in self._created.items():
                url, token = self.stack.ingest_url, made["token"]
                clients[scene] = CameraProcess(folder, url, made["id"], token, f"demo:{scene}", FPS)
                stack.callback(clients[scene].kill)
            if not wait_for(lambda: all(client.journal() for client in clients.values()), FIRST_FRAME_S):
                raise RuntimeError(f"no frame was acknowledged within {FIRST_FRAME_S:.0f} s: see {folder}")
            cpu_before, begin_s = cpu_seconds(), time.monotonic()
            lags = self._keep_sending(seconds, during)
            took_s = time.monotonic() - begin_s
            taken = cpu_between(cpu_before, cpu_seconds())
            cores = {name: round(cpu_s / took_s, 3) for name, cpu_s in taken.items()}
            summaries = {client.camera: client.stop() for client in clients.values()}
        journals = {client.camera: client.journal() for client in clients.values()}
        evidence = self._collect(journals, summaries, lags, cores)
        return dataclasses.replace(evidence, cpu_s=cpu_between(cpu_before, cpu_seconds()))

    def _keep_sending(self, seconds: float, during: Callable[[float], None]) -> list[LagSample]:
        begin_s, lags, next_s = time.monotonic(), list[LagSample](), LAG_EVERY_S
        while (after_s := time.monotonic() - begin_s) < seconds:
            during(after_s)
            if after_s >= next_s:
                lags += self._lag(after_s)
                next_s += LAG_EVERY_S
            self.stack.check()
            time.sleep(0.2)
        return lags + self._lag(seconds)

    def _lag(self, after_s: float) -> list[LagSample]:
        samples = []
        for analysis in CONSUMERS:
            with contextlib.suppress(OSError):  # killed on purpose, or not up again yet
                samples.append(LagSample(after_s, analysis, read_lag(self.stack.ports.health_of(analysis))))
        return samples

    def _collect(
        self,
        journals: dict[str, list[JournalLine]],
        summaries: dict[str, dict[str, Any]],
        lags: list[LagSample],
        cores: dict[str, float],
    ) -> Evidence:
        sessions = {line.session for lines in journals.values() for line in lines}
        wanted = {
            (analysis, camera): sum(line.outcome is Outcome.ACKNOWLEDGED for line in lines)
            for camera, lines in journals.items()
            for analysis in CONSUMERS
        }
        since_ms = min(line.captured_us for lines in journals.values() for line in lines) // 1000
        listed, is_complete = self._await_clips(since_ms, wanted)
        clips = [StoredClip.of(clip["id"], self.person.video(clip["id"])) for clip in listed]
        own = [c for c in clips if any(entry.session in sessions for entry in c.sidecar.entries)]
        names = {clip.clip for clip in own}
        # The watch polls on its own: give it its turn after the last clip.
        wait_for(lambda: names <= {listing.clip for listing in self._watch.listings}, 10.0)
        return Evidence(
            cameras=self.cameras,
            journals=journals,
            summaries=summaries,
            clips=own,
            listings=[listing for listing in self._watch.listings if listing.clip in names],
            sightings=[s for s in self.person.sightings(**{"from": str(since_ms)}) if s["clip"] in names],
            lags=lags,
            cores=cores,
            is_all_listed=is_complete,
        )

    def _await_clips(self, since_ms: int, wanted: Mapping[tuple[str, str], int]) -> tuple[list[dict[str, Any]], bool]:
        """The clips listed, and whether they hold `wanted` frames of each (analysis, camera)."""
        begin_s = progress_s = time.monotonic()
        count = 0
        while True:
            listed = self.person.clips(**{"from": str(since_ms)})
            found = dict.fromkeys(wanted, 0)
            for clip in listed:
                found[clip["analysis"], clip["camera"]] += clip["frame_count"]
            if all(found[key] >= frames for key, frames in wanted.items()):
                return listed, True
            now_s = time.monotonic()
            if len(listed) > count:
                count, progress_s = len(listed), now_s
            if now_s - progress_s > NO_PROGRESS_S or now_s - begin_s > ALL_LISTED_S:
                return listed, False
            time.sleep(0.5)


@contextlib.contextmanager
def opened_scenario(stack: Stack) -> Iterator[Scenario]:
    """Signs in as the first admin and creates the cameras."""
    with (
        ApiPerson.from_first_admin(stack.page_url, stack.system.var.first_admin) as person,
        Scenario(stack, person, stack.system.var.root) as scenario,
    ):
        yield scenario


def _camera_body(scene: str) -> dict[str, Any]:
    purpose = {"text": "demonstration", "expires_us": int((time.time() + PURPOSE_S) * 1e6)}
    analyses = [{"name": name} for name in FIRST_RELEASE]
    return {"name": f"Smoke: {scene}", "analyses": analyses, "clip_ms": CLIP_MS, "emotion_purpose": purpose}


def _environment() -> dict[str, str]:
    """The caller's own, but for the launcher's demo cameras: ours keep a journal."""
    return {**os.environ, "DEMO": "0"}
