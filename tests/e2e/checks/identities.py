"""Exactly once: the frames that were acknowledged are the frames in the clips."""

from collections import Counter
from collections.abc import Iterable

from camera_client.journal import JournalLine
from camera_client.tally import Outcome
from common.contracts.sidecar import Fate, Sidecar

Identity = tuple[str, int]

_NOT_STORED_HERE = frozenset({Fate.DUPLICATE, Fate.DEAD_LETTER, Fate.NOT_APPLICABLE, Fate.TICK})


def stored_identities(sidecars: Iterable[Sidecar]) -> Counter[Identity]:
    """How often each (session, seq) is in a clip of these sidecars."""
    return Counter(
        (entry.session, entry.seq)
        for sidecar in sidecars
        for entry in sidecar.entries
        if entry.session is not None and entry.seq is not None and entry.fate not in _NOT_STORED_HERE
    )


def identity_problems(journal: Iterable[JournalLine], sidecars: Iterable[Sidecar]) -> list[str]:
    """What is lost, stored twice or made up, for one camera and one analysis.

    A frame whose answer never came may be stored or not; every other frame is stored exactly if it was acknowledged.
    """
    lines = list(journal)
    acknowledged = {line.identity for line in lines if line.outcome is Outcome.ACKNOWLEDGED}
    open_outcome = {line.identity for line in lines if line.outcome is Outcome.UNKNOWN}
    stored = stored_identities(sidecars)
    problems = []
    if lost := acknowledged - stored.keys():
        problems.append(f"{len(lost)} acknowledged frames are in no clip, the first is {min(lost)}")
    if twice := {identity for identity, count in stored.items() if count > 1}:
        problems.append(f"{len(twice)} frames are stored more than once, the first is {min(twice)}")
    if made_up := stored.keys() - acknowledged - open_outcome:
        problems.append(f"{len(made_up)} stored frames were never acknowledged, the first is {min(made_up)}")
    if not acknowledged:
        problems.append("no frame was acknowledged")
    return problems


def offset_problems(sidecars: Iterable[Sidecar]) -> list[str]:
    """Offsets that more than one clip of the same analysis accounts for."""
    seen = Counter(
        (sidecar.origin.topic_id, sidecar.origin.partition, entry.offset)
        for sidecar in sidecars
        for entry in sidecar.entries
        if entry.fate is not Fate.TICK
    )
    twice = [place for place, count in seen.items() if count > 1]
    return [f"{len(twice)} offsets are accounted for twice, the first is {min(twice)}"] if twice else []
