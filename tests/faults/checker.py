"""The one judge of every row: cameras, log, ledger, bucket, database and topic compared.

Must be 0: *lost* (acknowledged, and neither in a clip nor declared), *second* (a frame in two clips), *torn* (an object
at a clip's key that does not decode to what its sidecar says), *conflicts* (remainders), *unexplained* (ledger), and
everything by which bucket, `clip-events` and database differ.
"""

import io
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import av
import numpy as np
from pymongo import MongoClient

from common.contracts.clip import CLIPS_PREFIX, ClipId
from common.contracts.clip_event import ClipReady, GapFound, clip_ready, parse_event
from common.contracts.dead_letter import DeadLetter
from common.contracts.frame import decode_headers
from common.contracts.sidecar import Fate, Sidecar
from common.errors import PoisonRecord
from common.kafka.confluent import ConfluentLogReader
from common.kafka.whole_topic import read_topic
from common.settings import KafkaSettings, StorageSettings
from common.storage.clips import read_sidecar
from common.storage.port import NotFound
from common.storage.s3 import S3ObjectStore
from common.topics import CLIP_EVENTS, DEAD_LETTERS, FRAMES
from consumers.ledger.report import Topics, draw_up
from tests.faults.cameras import Identity, grey_of

GREY_TOLERANCE = 6.0
CORNER = 32
"""The lower right corner of a picture, where nothing is drawn, in pixels."""


@dataclass(slots=True)
class Books:
    """What was found. `problems`: every one, in words; the figures count them."""

    frames: int = 0
    clips: int = 0
    lost: int = 0
    second: int = 0
    torn: int = 0
    conflicts: int = 0
    unexplained: int = 0
    left_out: int = 0
    deleted: int = 0
    gaps: list[GapFound] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    incomplete: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def figures(self) -> str:
        text = (
            f"{self.frames} frames, {self.clips} clips: lost {self.lost}, second {self.second}, torn {self.torn}, "
            f"conflicts {self.conflicts}, unexplained {self.unexplained}"
        )
        for name, count in (("left out", self.left_out), ("dead letters", len(self.letters)), ("gaps", len(self.gaps))):
            text += f", {name} {count}" if count else ""
        return text


class Checker:
    """Asks the servers themselves, never a proxy. One thread."""

    def __init__(self, variables: Mapping[str, str], analysis: str) -> None:
        self.analysis = analysis
        self._kafka = KafkaSettings.model_validate(dict(variables))
        self._mongo_url = variables["MONGODB_URL"]
        self.store = S3ObjectStore(StorageSettings.model_validate(dict(variables)))
        self.log = ConfluentLogReader(self._kafka, client_id="fault-checker")
        self._sidecars: dict[tuple[str, str], Sidecar] = {}

    def close(self) -> None:
        self.log.close()

    # What is there

    def sidecars(self) -> list[Sidecar]:
        """Of everything stored, tombstones included; read once an object."""
        found = []
        for info in self.store.list(f"{CLIPS_PREFIX}{self.analysis}/"):
            if not info.key.endswith(".mp4"):
                continue
            key = (info.key, info.etag)
            if key not in self._sidecars:
                try:
                    self._sidecars[key] = read_sidecar(self.store, ClipId.parse_key(info.key)).sidecar
                except (NotFound, ValueError):
                    continue  # under way, or torn: `check` says so
            found.append(self._sidecars[key])
        return found

    def held(self) -> Counter[Identity]:
        """How often each frame is in a live clip."""
        return Counter(
            (s.camera, e.session or "", e.seq or 0)
            for s in self.sidecars()
            if s.tombstone is None
            for e in s.entries
            if e.is_in_clip
        )

    def accounted(self) -> set[Identity]:
        """Frames in a clip, left out and declared, or dead-lettered."""
        known = {
            (s.camera, e.session or "", e.seq or 0)
            for s in self.sidecars()
            for e in s.entries
            if e.is_in_clip or s.tombstone is not None or e.fate in (Fate.SAMPLED_OUT, Fate.DEAD_LETTER)
        }
        return known | {identity for _, identity in self.letters() if identity is not None}

    def _left_out(self) -> set[Identity]:
        """Frames that are declared to be in no clip, for want of time."""
        return {
            (s.camera, e.session or "", e.seq or 0)
            for s in self.sidecars()
            for e in s.entries
            if e.fate is Fate.SAMPLED_OUT and not e.is_in_clip and s.tombstone is None
        }

    def letters(self) -> list[tuple[DeadLetter, Identity | None]]:
        found: list[tuple[DeadLetter, Identity | None]] = []
        for record in read_topic(self.log, self._kafka.topic(DEAD_LETTERS)):
            letter, original = DeadLetter.from_headers(record.headers)
            if letter.analysis != self.analysis:
                continue
            try:
                headers = decode_headers(original)
                found.append((letter, ((record.key or b"").decode(), headers.session, headers.seq)))
            except PoisonRecord:
                found.append((letter, None))
        return found

    def events(self) -> list[ClipReady | GapFound]:
        parsed = [parse_event(record.value or b"") for record in read_topic(self.log, self._kafka.topic(CLIP_EVENTS))]
        return [e for e in parsed if isinstance(e, ClipReady | GapFound) and e.analysis == self.analysis]

    def event_times(self) -> list[float]:
        """When the broker took each clip event, in seconds."""
        return [r.timestamp_ms / 1000 for r in read_topic(self.log, self._kafka.topic(CLIP_EVENTS))]

    def listed(self) -> dict[str, dict[str, Any]]:
        """The database's live clips, by id."""
        with MongoClient[dict[str, Any]](self._mongo_url, serverSelectionTimeoutMS=5_000) as client:
            database = client.get_default_database()
            found = database["clips"].find({"analysis": self.analysis, "state": "live"})
            return {document["_id"]: document for document in found}

    def sightings(self) -> Counter[str]:
        """Clip id -> sightings in the database."""
        with MongoClient[dict[str, Any]](self._mongo_url, serverSelectionTimeoutMS=5_000) as client:
            return Counter(d["clip"] for d in client.get_default_database()["sightings"].find({}, {"clip": 1}))

    def live_clips(self) -> set[str]:
        return {str(s.clip_id) for s in self.sidecars() if s.tombstone is None}

    # The judgement

    def check(self, acknowledged: Iterable[Identity], gone: Iterable[Identity] = (), has_index: bool = True) -> Books:
        """Compare everything. `gone`: acknowledged frames that a gap was expected to swallow."""
        books = Books()
        sent, sidecars = set(acknowledged), self.sidecars()
        live = [s for s in sidecars if s.tombstone is None]
        books.frames, books.clips, books.deleted = len(sent), len(live), len(sidecars) - len(live)
        books.incomplete = sum(not s.complete for s in live)
        self._frames(books, sent - set(gone))
        self._objects(books)
        self._topic(books, live)
        if has_index:
            self._database(books, live)
        self._ledger(books)
        return books

    def _frames(self, books: Books, sent: set[Identity]) -> None:
        letters = self.letters()
        books.letters = [letter for letter, _ in letters]
        missing, held = sent - self.accounted(), self.held()
        twice = [identity for identity, times in held.items() if times > 1]
        books.lost, books.second = len(missing), len(twice)
        books.left_out = len(sent & self._left_out() - set(held))
        for name, group in (("lost", sorted(missing)), ("in two clips", sorted(twice))):
            if group:
                books.problems.append(f"{len(group)} frames {name}, {group[0][0]} seq {[g[2] for g in group[:8]]}")
        failed = sum(entry.fate is Fate.FAILED for sidecar in self.sidecars() for entry in sidecar.entries)
        if failed:  # the stand-in fails at no picture: somebody has given them up
            books.problems.append(f"{failed} frames without their analysis")

    def _objects(self, books: Books) -> None:
        """Every object: whole, shows what its sidecar says, and has its derived files."""
        infos = {info.key: info for info in self.store.list(f"{CLIPS_PREFIX}{self.analysis}/")}
        for key in [key for key in infos if key.endswith(".mp4")]:
            clip_id = ClipId.parse_key(key)
            try:
                stored = read_sidecar(self.store, clip_id)
            except (ValueError, NotFound) as error:
                books.torn += 1
                books.problems.append(f"{key} is no clip: {error}")
                continue
            if clip_id.remainder:
                books.conflicts += 1
                books.problems.append(f"{key} is a remainder")
            if stored.is_tombstone:
                continue
            problem = film_problem(self.store.read(key), stored.sidecar)
            if problem is not None:
                books.torn += 1
                books.problems.append(f"{key}: {problem}")
            for beside in (clip_id.sidecar_key, clip_id.poster_key):
                if beside not in infos:
                    books.problems.append(f"{beside} is missing")
            if clip_id.sidecar_key in infos and self.store.read(clip_id.sidecar_key) != stored.sidecar.to_json():
                books.problems.append(f"{clip_id.sidecar_key} differs from what is in the clip")

    def _topic(self, books: Books, live: list[Sidecar]) -> None:
        events = self.events()
        books.gaps = list({e.gap_id: e for e in events if isinstance(e, GapFound)}.values())
        expected = {str(s.clip_id): clip_ready(s, 0) for s in live}
        announced = set()
        for event in events:
            if isinstance(event, GapFound):
                continue
            announced.add(event.clip_id)
            known = expected.get(event.clip_id)
            if known is not None and event.model_copy(update={"video_bytes": 0}) != known:
                books.problems.append(f"an event of {event.clip_id} differs from what is stored")
        unannounced = sorted(set(expected) - announced)
        if unannounced:
            books.problems.append(f"{len(unannounced)} clips were not announced: {unannounced[:3]}")

    def _database(self, books: Books, live: list[Sidecar]) -> None:
        listed, seen = self.listed(), self.sightings()
        expected = {str(s.clip_id): s for s in live}
        for name, ids in (
            ("not listed", set(expected) - set(listed)),
            ("listed, not stored", set(listed) - set(expected)),
        ):
            if ids:
                books.problems.append(f"{len(ids)} clips {name}: {sorted(ids)[:3]}")
        for clip, sidecar in expected.items():
            if clip in listed and seen[clip] != len(sidecar.sightings):
                books.problems.append(f"{clip}: {seen[clip]} sightings listed, {len(sidecar.sightings)} stored")
            if clip in listed and listed[clip]["frame_count"] != sidecar.frame_count:
                books.problems.append(f"{clip}: listed with {listed[clip]['frame_count']} frames")

    def _ledger(self, books: Books) -> None:
        topics = Topics(*(self._kafka.topic(name) for name in (FRAMES, CLIP_EVENTS, DEAD_LETTERS)))
        ledger = draw_up(self.analysis, self.analysis, topics, self.store, self.log)
        books.unexplained = ledger.tiles.unexplained
        if books.unexplained:
            books.problems.append(f"unexplained: {ledger.tiles.examples[:5]}")
        twice = sum(ledger.evidence.frames_in_two_clips().values())
        if twice and not books.second:
            books.problems.append(f"the ledger finds {twice} frames in two clips")


def film_problem(data: bytes, sidecar: Sidecar) -> str | None:
    """What is wrong with a clip: not decodable, other times, other pictures than the sidecar says; None: nothing."""
    try:
        with av.open(io.BytesIO(data), "r") as container:
            shown = [
                (
                    round(float(f.time or 0) * 1000),
                    float(np.asarray(f.to_ndarray(format="gray"))[-CORNER:, -CORNER:].mean()),
                )
                for f in container.decode(container.streams.video[0])
            ]
    except (av.error.FFmpegError, IndexError, ValueError) as error:
        return f"does not decode: {error}"
    entries = [entry for entry in sidecar.entries if entry.is_in_clip]
    if [pts for pts, _ in shown] != [entry.pts_ms for entry in entries]:
        return f"{len(shown)} pictures where the sidecar has {len(entries)} frames"
    for (pts, grey), entry in zip(shown, entries, strict=True):
        if abs(grey - grey_of(entry.seq or 0)) > GREY_TOLERANCE:
            return f"another picture than that of seq {entry.seq} at {pts} ms ({grey:.0f})"
    return None
