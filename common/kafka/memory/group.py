"""A consumer group as its coordinator sees it: members, who is to own what, committed positions."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from common.errors import Transient
from common.kafka.ports import Position, TopicPartition


@dataclass(slots=True)
class Membership:
    """One member. `owned` shrinks only when the member has been told, `target` is what it is to own."""

    topics: frozenset[str]
    owned: set[TopicPartition] = field(default_factory=set)
    target: frozenset[TopicPartition] = frozenset()


class Group:
    """Guarded by the cluster's lock."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.members: dict[str, Membership] = {}
        self.committed: dict[TopicPartition, Position] = {}
        self.takes_commits_of_kicked = False
        """A commit already on its way when the session ran out may still arrive: set it to model that."""

    def join(self, member_id: str, topics: frozenset[str]) -> None:
        self.members[member_id] = Membership(topics)

    def leave(self, member_id: str) -> None:
        self.members.pop(member_id, None)

    def kick(self, member_id: str) -> None:
        self.members.pop(member_id, None)

    def is_member(self, member_id: str) -> bool:
        return member_id in self.members

    def set_targets(self, targets: Mapping[str, frozenset[TopicPartition]]) -> None:
        for member_id, member in self.members.items():
            member.target = targets.get(member_id, frozenset())

    def to_revoke(self, member_id: str) -> list[TopicPartition]:
        member = self.members[member_id]
        return sorted(member.owned - member.target)

    def release(self, member_id: str, partitions: list[TopicPartition]) -> None:
        if member_id in self.members:
            self.members[member_id].owned.difference_update(partitions)

    def take(self, member_id: str) -> list[TopicPartition]:
        """Partitions that are to be this member's and are nobody's now; they are its own from here on."""
        member = self.members[member_id]
        held = {p for other in self.members.values() for p in other.owned}
        new = sorted(member.target - held)
        member.owned.update(new)
        return new

    def commit(self, member_id: str, positions: Mapping[TopicPartition, Position]) -> None:
        if not self.is_member(member_id) and not self.takes_commits_of_kicked:
            raise Transient("the coordinator does not know this member")
        self.committed.update(positions)

    def forget_topic(self, topic: str) -> None:
        for partition in [p for p in self.committed if p.topic == topic]:
            del self.committed[partition]

    def balance(self, partitions: Mapping[str, int]) -> None:
        """Even shares, in order of joining; everybody keeps what fits into its share (sticky)."""
        for topic in {t for member in self.members.values() for t in member.topics}:
            self._balance_topic(topic, [TopicPartition(topic, n) for n in range(partitions.get(topic, 0))])

    def _balance_topic(self, topic: str, everything: list[TopicPartition]) -> None:
        members = [m for m in self.members.values() if topic in m.topics]
        share, extra = divmod(len(everything), len(members))
        # The larger shares go to those who own most already, so that nothing moves without need.
        owned = {id(m): [p for p in everything if p in m.owned] for m in members}
        by_owned = sorted(members, key=lambda m: -len(owned[id(m)]))
        shares = {id(m): share + (1 if n < extra else 0) for n, m in enumerate(by_owned)}
        kept = {id(m): owned[id(m)][: shares[id(m)]] for m in members}
        taken = {p for parts in kept.values() for p in parts}
        free = [p for p in everything if p not in taken]
        for member in members:
            mine = kept[id(member)]
            while len(mine) < shares[id(member)]:
                mine.append(free.pop(0))
            member.target = frozenset(p for p in member.target if p.topic != topic) | frozenset(mine)
