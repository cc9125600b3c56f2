"""The ledger of one or more analyses as a table for people and as JSON for programs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from common.contracts.sidecar import Fate
from common.kafka.ports import LogReader, TopicPartition
from common.kafka.whole_topic import read_partition
from common.storage.port import ObjectStore
from consumers.ledger.evidence import Evidence, gather
from consumers.ledger.tiles import UNEXPLAINED, Tiles, tile_partition

COLUMNS = (*(fate.value for fate in Fate), UNEXPLAINED)


@dataclass(frozen=True, slots=True)
class Topics:
    """Full names, prefix included."""

    frames: str
    clip_events: str
    dead_letters: str


@dataclass(frozen=True, slots=True)
class Ledger:
    """One analysis. `is_balanced`: every offset explained, no frame in two clips, every clip readable."""

    analysis: str
    tiles: Tiles
    evidence: Evidence

    @property
    def is_balanced(self) -> bool:
        return not (self.tiles.unexplained or self.evidence.frames_in_two_clips() or self.evidence.unreadable)

    def to_dict(self) -> dict[str, Any]:
        twice = self.evidence.frames_in_two_clips()
        return {
            "analysis": self.analysis,
            "clips": self.evidence.clip_count,
            "cameras": {camera: dict(counts) for camera, counts in sorted(self.tiles.counts.items())},
            "unexplained": self.tiles.unexplained,
            "stored_twice": sum(twice.values()),
            "unreadable": self.evidence.unreadable,
            "examples": self.tiles.examples,
        }


def draw_up(analysis: str, group: str, topics: Topics, store: ObjectStore, log: LogReader) -> Ledger:
    """Tile every partition of the retained log for one analysis. Raises Transient.

    The committed offsets are read first and the store afterwards: what is settled meanwhile shows as stored, never as
    unexplained.
    """
    partitions = [TopicPartition(topics.frames, n) for n in range(log.partitions(topics.frames))]
    topic_id = log.topic_id(topics.frames)
    committed = log.committed(group, partitions)
    evidence = gather(analysis, store, log, topics.clip_events, topics.dead_letters)
    tiles = Tiles()
    for partition in partitions:
        position = committed.get(partition)
        next_offset = position.next_offset if position is not None else None
        tile_partition(tiles, evidence, topic_id, read_partition(log, partition), next_offset)
    return Ledger(analysis, tiles, evidence)


def to_json(ledgers: Sequence[Ledger]) -> str:
    return json.dumps([ledger.to_dict() for ledger in ledgers], indent=2)


def to_table(ledgers: Sequence[Ledger]) -> str:
    """One row per analysis and camera; columns that are 0 everywhere are left out, but for `unexplained`."""
    rows = [
        (ledger.analysis, camera, counts)
        for ledger in ledgers
        for camera, counts in sorted(ledger.tiles.counts.items())
    ]
    shown = [c for c in COLUMNS if c == UNEXPLAINED or any(counts[c] for _, _, counts in rows)]
    header = ["analysis", "camera", *shown]
    lines = [[analysis, camera, *(str(counts[c]) for c in shown)] for analysis, camera, counts in rows]
    widths = [max(len(line[i]) for line in [header, *lines]) for i in range(len(header))]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in [header, *lines]]
    for ledger in ledgers:
        twice = sum(ledger.evidence.frames_in_two_clips().values())
        text.append(
            f"{ledger.analysis}: {ledger.evidence.clip_count} clips, unexplained {ledger.tiles.unexplained}, "
            f"stored twice {twice}, unreadable {len(ledger.evidence.unreadable)}"
        )
        text += [f"  unexplained: {example}" for example in ledger.tiles.examples]
        text += [f"  unreadable: {problem}" for problem in ledger.evidence.unreadable]
    return "\n".join(line.rstrip() for line in text)
