"""What can account for an offset: stored sidecars, dead letters, gap notices. Gathered once, asked per offset."""

from dataclasses import dataclass, field

from common.contracts.clip import CLIPS_PREFIX, ClipId
from common.contracts.clip_event import GapFound, parse_event
from common.contracts.dead_letter import DeadLetter
from common.contracts.sidecar import Fate, Sidecar
from common.kafka.ports import LogReader
from common.kafka.whole_topic import read_topic
from common.storage.clips import read_sidecar
from common.storage.port import NotFound, ObjectStore

Place = tuple[str, int, int]
"""Topic id, partition, offset."""
Identity = tuple[str, int]
"""Session, seq."""


@dataclass
class Evidence:
    """All that is known of one analysis. Filled by the `add_` methods, then only read."""

    analysis: str
    stored: dict[Place, Fate] = field(default_factory=dict)
    clips_of: dict[tuple[str, Identity], set[str]] = field(default_factory=dict)
    dead: set[Place] = field(default_factory=set)
    gaps: list[GapFound] = field(default_factory=list)
    clip_count: int = 0
    unreadable: list[str] = field(default_factory=list)

    def add_sidecar(self, sidecar: Sidecar) -> None:
        self.clip_count += 1
        origin = sidecar.origin
        for entry in sidecar.entries:
            self.stored[origin.topic_id, origin.partition, entry.offset] = entry.fate
        for identity in sidecar.identities():
            self.clips_of.setdefault((sidecar.camera, identity), set()).add(str(sidecar.clip_id))

    def add_dead_letter(self, letter: DeadLetter) -> None:
        if letter.analysis == self.analysis:
            self.dead.add((letter.topic_id, letter.partition, letter.offset))

    def add_gap(self, gap: GapFound) -> None:
        if gap.analysis == self.analysis:
            self.gaps.append(gap)

    def holds(self, camera: str, identity: Identity) -> bool:
        """Whether some stored clip of the camera has this frame."""
        return (camera, identity) in self.clips_of

    def is_in_gap(self, place: Place) -> bool:
        topic_id, partition, offset = place
        return any(
            (gap.origin.topic_id, gap.origin.partition) == (topic_id, partition)
            and gap.first_offset <= offset < gap.next_offset
            for gap in self.gaps
        )

    def frames_in_two_clips(self) -> dict[str, int]:
        """Camera -> how many of its frames more than one stored clip claims. Nothing may be stored twice."""
        twice: dict[str, int] = {}
        for (camera, _), clips in self.clips_of.items():
            if len(clips) > 1:
                twice[camera] = twice.get(camera, 0) + 1
        return twice


def gather(analysis: str, store: ObjectStore, log: LogReader, clip_events: str, dead_letters: str) -> Evidence:
    """Read the bucket and both topics. Raises Transient."""
    evidence = Evidence(analysis)
    for info in store.list(f"{CLIPS_PREFIX}{analysis}/"):
        try:
            clip_id = ClipId.parse_key(info.key)
        except ValueError:
            continue
        try:
            evidence.add_sidecar(read_sidecar(store, clip_id).sidecar)
        except (NotFound, ValueError) as error:
            evidence.unreadable.append(f"{info.key}: {error}")
    for record in read_topic(log, dead_letters):
        try:
            evidence.add_dead_letter(DeadLetter.from_headers(record.headers)[0])
        except ValueError:
            continue
    for record in read_topic(log, clip_events):
        try:
            event = parse_event(record.value or b"")
        except ValueError:
            continue
        if isinstance(event, GapFound):
            evidence.add_gap(event)
    return evidence
