"""Whose frames are these: what a stored window already accounts for (DESIGN 5, rule 7). Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from common.contracts.sidecar import Fate, FrameEntry, Sidecar


@dataclass(frozen=True, slots=True)
class Remainder:
    """What of our window no stored object accounts for, in offset order.

    Frames whose identity is stored at another offset are already turned into duplicates: `pts_ms` None.
    """

    entries: tuple[FrameEntry, ...]

    @property
    def frames(self) -> tuple[FrameEntry, ...]:
        """Those that still belong into a clip."""
        return tuple(entry for entry in self.entries if entry.is_in_clip)

    @property
    def is_empty(self) -> bool:
        """Everything is covered."""
        return not self.entries


def remainder_of(ours: Sidecar, stored: Sequence[Sidecar]) -> Remainder:
    """Subtract what `stored` accounts for, whatever became of it there: offsets of the same topic id and partition
    first, then identities."""
    covered = frozenset(offset for sidecar in stored for offset in sidecar.covered_offsets(ours.origin))
    identities = frozenset(identity for sidecar in stored for identity in sidecar.identities())
    return Remainder(tuple(_remaining(ours.entries, covered, identities)))


def _remaining(
    entries: Iterable[FrameEntry], covered: frozenset[int], identities: frozenset[tuple[str, int]]
) -> Iterable[FrameEntry]:
    for entry in entries:
        if entry.offset in covered:
            continue
        is_stored = entry.session is not None and entry.seq is not None and (entry.session, entry.seq) in identities
        if entry.is_in_clip and is_stored:
            yield entry.model_copy(update={"fate": Fate.DUPLICATE, "pts_ms": None, "note": "stored before"})
        else:
            yield entry
