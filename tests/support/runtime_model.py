"""A model of the whole protocol in one thread: cameras, a broker, a store, workers that are killed at any step.

`History` plays one random history and checks the promises of DESIGN 5 while it runs and when all has come to rest.
The engine is the real one; only its threads are missing: the model decides whose step comes next. The broker has a
clock of its own, which can be wrong. Everything follows from the seed.
"""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from common.clock import FakeClock
from common.contracts.clip import ClipId
from common.contracts.clip_event import ClipReady, GapFound, clip_ready, parse_event
from common.contracts.dead_letter import DeadLetter
from common.contracts.frame import AnalysisRequest, FrameHeaders, encode_headers
from common.contracts.sidecar import Fate, Sidecar
from common.errors import Transient
from common.kafka.memory.cluster import MemoryCluster
from common.kafka.memory.group_consumer import MemoryGroupConsumer
from common.kafka.memory.producer import MemoryProducer
from common.kafka.ports import Position, TopicPartition
from common.metrics import Metrics
from consumers.runtime.commit_metadata import METADATA_MAX_BYTES, CommitMetadata
from consumers.runtime.engine import Engine, build_engine
from consumers.runtime.pool import Pool
from consumers.runtime.probe import NAMED_LIMIT
from consumers.runtime.settings import EngineSettings
from consumers.runtime.strands import Job
from tests.support.fake_workload import DEADLY, POISON, FakeBucket, FakeClipStore, FakeWorkload, ProcessKilled

FRAMES, EVENTS, LETTERS, STATUS = "frames", "clip-events", "dead-letters", "consumer-status"
GROUP = "recorder"
CAMERAS = {"cam-a": 0, "cam-b": 0, "cam-c": 0, "cam-d": 1}
CLIP_MS = (2_000, 3_000, 5_000, 10_000)
SESSION = "session-0123456789"
MAX_RECORD_BYTES = 10_000_000
REST_ROUNDS = 1_500
"""Rounds in which everything has to come to rest once nothing fails any more."""
MAX_WORKERS = 3
METRICS = Metrics()
"""Shared by all workers of all histories: nothing is asserted on it, and it is costly to make."""


class Broken(AssertionError):
    """A promise was broken."""


@dataclass
class Options:
    """What may happen in a history. Zero switches it off."""

    steps: int = 160
    kills: int = 4
    deadly: float = 0.0
    poison: float = 0.03
    clock_steps: float = 1.0
    failing_sends: float = 4.0
    jumps: bool = False
    expiry: bool = False
    recreation: bool = False
    deletion: bool = False
    outages: bool = False

    @classmethod
    def draw(cls, rng: random.Random) -> "Options":
        """A mixture: mostly the core, each hard case now and then."""
        deadly = rng.random() < 0.1
        return cls(
            steps=rng.randint(40, 160),
            kills=2 if deadly else 4,
            deadly=0.02 if deadly else 0.0,
            jumps=rng.random() < 0.2,
            expiry=rng.random() < 0.15,
            recreation=rng.random() < 0.1,
            deletion=rng.random() < 0.2,
            outages=rng.random() < 0.4,
        )


@dataclass
class Switches:
    """How mutants break the store's half; the runtime's half is patched by the test."""

    is_create_only: bool = True
    checks_coverage: bool = True
    announces_from_store: bool = True
    loads: bool = True
    keeps_tombstones: bool = True


@dataclass(eq=False)
class Worker:
    """One process. `is_zombie`: thrown out of the group, and its loop has not heard of it."""

    consumer: MemoryGroupConsumer
    engine: Engine
    workload: FakeWorkload
    producer: MemoryProducer
    held: list[Job] = field(default_factory=list)
    is_zombie: bool = False


@dataclass(frozen=True)
class Sent:
    """An acknowledged record of a frame. `kind`: good, poison, deadly, foreign (not for this analysis)."""

    camera: str
    seq: int
    kind: str


class History:
    """One history. `run` plays it; a broken promise raises Broken with the seed in its text."""

    def __init__(self, seed: int, options: Options | None = None, switches: Switches | None = None) -> None:
        self.seed = seed
        self.rng = random.Random(seed)
        self.options = options or Options.draw(self.rng)
        self.switches = switches or Switches()
        self.clock = FakeClock()
        self.broker_clock = FakeClock()
        self.cluster = MemoryCluster(self.broker_clock, longest_wait_s=0.0)
        for topic, partitions in ((FRAMES, 2), (EVENTS, 1), (LETTERS, 1), (STATUS, 1)):
            self.cluster.create_topic(topic, partitions, MAX_RECORD_BYTES)
        self.bucket = FakeBucket()
        self.workers: list[Worker] = []
        self.kills_left = self.options.kills
        self.sent: dict[tuple[str, int, int], Sent] = {}
        self.seqs: Counter[str] = Counter()
        self.clip_ms = dict.fromkeys(CAMERAS, 5_000)
        self.recent: list[tuple[float, Sent]] = []
        self.verified: dict[tuple[str, int], int] = {}
        self.topic_ids = [self.cluster.topic(FRAMES).topic_id]
        self.jumped = False
        self.settling_down = False
        self.offset_ms = 0
        self.named_ends: Counter[tuple[str, int, int]] = Counter()
        """How often a process ended, or was thrown out, while probe mode had this offset in decoding."""
        self._settings = EngineSettings(
            analysis=GROUP,
            threads=2,
            batch=self.rng.choice((1, 1, 3)),
            status_every_s=60,
            in_flight_frames=self.rng.choice((4, 12, 40)),
            camera_frames=self.rng.choice((2, 5, 20)),
            camera_kept_s=random.Random(f"kept {seed}").choice((1, 10, 3_600)),
        )
        self._watch_commits()

    # The play

    def run(self) -> None:
        try:
            self.join()
            actions = self._actions()
            names, weights = [a for a, _ in actions], [w for _, w in actions]
            for action in self.rng.choices(names, weights, k=self.options.steps):
                action()
            self._come_to_rest()
            self._check()
        except AssertionError as error:
            raise Broken(f"seed {self.seed}: {type(error).__name__}: {error}") from error

    def _actions(self) -> list[tuple[Callable[[], None], float]]:
        o = self.options
        return [
            (self.send, 30),
            (self.work, 60),
            (self.pass_time, 14),
            (self.retry, 4),
            (self.change_clip_length, 1.5),
            (self.join, 1),
            (self.leave, 0.7),
            (self.kill, 0.8),
            (self.make_zombie, 1.2),
            (self.zombie_commit, 1.2),
            (self.step_broker_clock, o.clock_steps),
            (self.fail_commit, 0.7),
            (self.break_encoder, 0.7),
            (self.fail_producer, o.failing_sends if o.outages else 0),
            (self.rebalance, 1),
            (self.jump_broker_clock, 1.0 if o.jumps else 0),
            (self.expire, 0.8 if o.expiry else 0),
            (self.recreate_topic, 0.5 if o.recreation else 0),
            (self.delete_clip, 1.5 if o.deletion else 0),
            (self.lose_positions, 0.3 if o.expiry else 0),
        ]

    # Cameras

    def send(self) -> None:
        """One to four frames, or a record that is none."""
        for _ in range(self.rng.randint(1, 4)):
            camera = self.rng.choice(list(CAMERAS))
            self.seqs[camera] += 1
            draw = self.rng.random()
            kind = "good"
            if draw < self.options.deadly:
                kind = "deadly"
            elif draw < self.options.deadly + self.options.poison:
                kind = "poison"
            elif draw < self.options.deadly + self.options.poison + 0.03:
                kind = "foreign"
            elif draw < self.options.deadly + self.options.poison + 0.04:
                kind = "garbled"
            self._append(Sent(camera, self.seqs[camera], kind))
            if self.rng.random() < 0.5:
                self._tick_clocks(self.rng.uniform(0.01, 0.8))

    def retry(self) -> None:
        """A camera sends a frame again whose acknowledgement it did not get: at most 60 s later."""
        now_s = self.clock.monotonic_s()
        self.recent = [(at, sent) for at, sent in self.recent if now_s - at < 60][-40:]
        if self.recent:
            self._append(self.rng.choice(self.recent)[1])

    def change_clip_length(self) -> None:
        self.clip_ms[self.rng.choice(list(CAMERAS))] = self.rng.choice(CLIP_MS)

    def _append(self, sent: Sent) -> None:
        now_us = self.clock.wall_us()
        name = "recorder" if sent.kind != "foreign" else "emotion"
        headers = encode_headers(
            FrameHeaders(
                session=SESSION,
                seq=sent.seq,
                captured_at_us=now_us,
                ingested_at_us=now_us,
                width=64,
                height=48,
                settings_version=1,
                analyses=(AnalysisRequest(name),),
                clip_ms=self.clip_ms[sent.camera],
            )
        )
        if sent.kind == "garbled":
            headers = [(n, v) for n, v in headers if n != "clip_ms"]
        body = {"poison": POISON, "deadly": DEADLY}.get(sent.kind, b"jpeg")
        partition = CAMERAS[sent.camera]
        delivery = self.cluster.append(FRAMES, partition, sent.camera.encode(), body, headers)
        self.sent[self.topic_ids[-1], partition, delivery.offset] = sent
        self.recent.append((self.clock.monotonic_s(), sent))

    # Time

    def pass_time(self) -> None:
        self._tick_clocks(self.rng.choice((0.1, 0.5, 1, 2, 4, 12)))

    def _tick_clocks(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.broker_clock.advance(seconds)

    def step_broker_clock(self) -> None:
        """A little back or forth, as NTP does."""
        self.broker_clock.step_wall(self.rng.uniform(-2.5, 1.5))

    def jump_broker_clock(self) -> None:
        """An hour's quarter ahead, and back again: windows come twice."""
        seconds = 900 if self.offset_ms == 0 else -900
        self.offset_ms += seconds * 1000
        self.jumped = True
        self.recent.clear()  # a retry is recognised within 120 s of log time, and that has just passed
        self.broker_clock.step_wall(seconds)

    # Workers

    def join(self) -> None:
        if len([w for w in self.workers if not w.is_zombie]) >= MAX_WORKERS:
            return
        consumer = self.cluster.consumer(GROUP)
        store = FakeClipStore(self.bucket, self._at_crash_point)
        store.is_create_only = self.switches.is_create_only
        store.checks_coverage = self.switches.checks_coverage
        store.announces_from_store = self.switches.announces_from_store
        store.loads = self.switches.loads
        workload = FakeWorkload()
        producer = self.cluster.producer()
        engine = build_engine(
            self._settings, consumer, self.cluster.reader(), producer, workload, store, METRICS, self.clock
        )
        engine.loop._reporter._next_metrics_s = float("inf")  # a third of a history's time otherwise
        engine.loop.subscribe()
        self.workers.append(Worker(consumer, engine, workload, producer))

    def leave(self) -> None:
        """SIGTERM: what is closed is finished, then the marks are committed."""
        alive = [w for w in self.workers if not w.is_zombie]
        if len(alive) < 2:
            return
        worker = self.rng.choice(alive)
        engine = worker.engine
        engine.loop.begin_stop()
        for _ in range(self.rng.randint(0, 30)):
            if worker not in self.workers:
                return
            self._step(worker, self._step_pool, self._step_uploads, lambda w: void(w.engine.loop.drain(0.0)))
        if worker in self.workers:
            self._guard(worker, self._say_goodbye)
            self.workers.remove(worker)

    def _say_goodbye(self, worker: Worker) -> None:
        worker.engine.loop.end_stop(is_reachable=True)
        worker.consumer.close()

    def kill(self) -> None:
        if self.kills_left and self.workers:
            self.kills_left -= 1
            self._bury(self.rng.choice(self.workers))

    def _bury(self, worker: Worker) -> None:
        """The process is gone; its session runs out."""
        self._note_named(worker)
        self.workers.remove(worker)
        if not worker.is_zombie:
            self.cluster.kick(worker.consumer)
        if not any(not w.is_zombie for w in self.workers):
            self.join()

    def make_zombie(self) -> None:
        """A member that stood still for too long: others take over, and it does not know yet."""
        alive = [w for w in self.workers if not w.is_zombie]
        if alive:
            worker = self.rng.choice(alive)
            worker.is_zombie = True
            self._note_named(worker)
            self.cluster.group(GROUP).takes_commits_of_kicked = self.rng.random() < 0.7
            self.cluster.kick(worker.consumer)
            if not any(not w.is_zombie for w in self.workers):
                self.join()

    def zombie_commit(self) -> None:
        """It commits what it believes, and the broker takes it."""
        zombies = [w for w in self.workers if w.is_zombie]
        if zombies:
            self.cluster.group(GROUP).takes_commits_of_kicked = True
            worker = self.rng.choice(zombies)
            self._note_named(worker)
            worker.engine.loop._committer.turn(self.clock.monotonic_s() + 10)

    def _note_named(self, worker: Worker) -> None:
        for assignment in worker.engine.loop._assignments.values():
            if assignment.naming is not None or assignment.committed_naming is not None:
                for offset in {assignment.naming, assignment.committed_naming}:
                    if offset is not None:
                        self.named_ends[assignment.topic_id, assignment.partition.partition, offset] += 1

    def rebalance(self) -> None:
        """Partitions change hands without anybody's fault."""
        alive = [w for w in self.workers if not w.is_zombie]
        partitions = [TopicPartition(FRAMES, n) for n in range(2)]
        if alive:
            targets: dict[MemoryGroupConsumer, list[TopicPartition]] = {w.consumer: [] for w in alive}
            for partition in partitions:
                targets[self.rng.choice(alive).consumer].append(partition)
            self.cluster.rebalance(GROUP, targets)

    def fail_commit(self) -> None:
        self.cluster.fail_commits(Transient("rebalance in progress"))

    def fail_producer(self) -> None:
        """The next records are not acknowledged, and perhaps appended nevertheless."""
        if self.workers:
            producer = self.rng.choice(self.workers).producer
            for _ in range(self.rng.randint(1, 3)):
                producer.fail_next(Transient("no answer"), appended=self.rng.random() < 0.5)

    def break_encoder(self) -> None:
        if self.workers:
            workload = self.rng.choice(self.workers).workload
            if self.rng.random() < 0.5:
                workload.fail_add = 1
            else:
                workload.fail_close = 1

    def work(self) -> None:
        """A few steps of some worker's threads, in any order."""
        for _ in range(self.rng.randint(1, 8)):
            if not self.workers:
                return
            worker = self.rng.choice(self.workers)
            # A zombie's loop stands still for a while, its pool and uploads go on.
            loop = self._step_loop if not worker.is_zombie or self.rng.random() < 0.1 else self._step_uploads
            self._step(worker, loop, loop, self._step_pool, self._step_pool, self._step_uploads, self._step_scout)

    def _step(self, worker: Worker, *steps: Callable[[Worker], None]) -> None:
        self._guard(worker, self.rng.choice(steps))

    def _guard(self, worker: Worker, step: Callable[[Worker], object]) -> None:
        try:
            step(worker)
        except ProcessKilled:
            if worker in self.workers:
                self._bury(worker)

    def _step_loop(self, worker: Worker) -> None:
        worker.engine.loop.turn(0.0)
        if worker.is_zombie:
            # It has polled: it knows now, and is a member again.
            worker.is_zombie = False

    def _step_pool(self, worker: Worker) -> None:
        """Take a job, or finish one that was taken: jobs overlap and end in any order."""
        pool: Pool = worker.engine.pool
        if len(worker.held) < 3 and self.rng.random() < 0.6:
            job = pool.take()
            if job is not None:
                worker.held.append(job)
            return
        if worker.held:
            job = worker.held.pop(self.rng.randrange(len(worker.held)))
            follow_up = pool.execute(job)
            if follow_up is not None:
                worker.held.append(follow_up)

    def _step_uploads(self, worker: Worker) -> None:
        job = worker.engine.uploads.take()
        if job is not None:
            worker.engine.uploads.execute(job)

    def _step_scout(self, worker: Worker) -> None:
        errand = worker.engine.scout.take()
        if errand is not None:
            worker.engine.scout.execute(errand)

    def _at_crash_point(self, name: str) -> None:
        if self.settling_down:
            return
        if self.kills_left and name != "load" and self.rng.random() < 0.03:
            self.kills_left -= 1
            raise ProcessKilled(name)
        if self.options.outages and self.rng.random() < 0.1:
            raise Transient(name)

    # The log and the store

    def expire(self) -> None:
        partition = self.rng.randrange(2)
        log = self.cluster.topic(FRAMES).logs[partition]
        self.cluster.expire_to(FRAMES, partition, self.rng.randint(log.low, log.high))

    def lose_positions(self) -> None:
        self.cluster.forget_positions(GROUP)
        self.verified.clear()

    def recreate_topic(self) -> None:
        if len(self.topic_ids) < 3:
            self.topic_ids.append(self.cluster.recreate_topic(FRAMES))

    def delete_clip(self) -> None:
        live = [clip_id for clip_id, sidecar in self.bucket.objects.items() if sidecar.tombstone is None]
        if not live:
            return
        clip_id = self.rng.choice(live)
        if self.switches.keeps_tombstones:
            self.bucket.delete(clip_id)
        else:
            del self.bucket.objects[clip_id]

    # Rest

    def _come_to_rest(self) -> None:
        """Nothing fails any more; everything acknowledged has to be stored."""
        self.settling_down = True
        self.cluster._failing_commits.clear()
        for worker in self.workers:
            worker.workload.fail_add = worker.workload.fail_close = 0
        for _ in range(REST_ROUNDS):
            if not any(not w.is_zombie for w in self.workers):
                self.join()
            done = 0
            for worker in list(self.workers):
                self._guard(worker, self._step_loop)
                for work in (self._all_errands, self._all_jobs, self._all_uploads):
                    if worker in self.workers:
                        before = worker.engine.pool.progress + worker.engine.uploads.progress
                        self._guard(worker, work)
                        done += worker.engine.pool.progress + worker.engine.uploads.progress - before
            if self._is_at_rest():
                return
            self._tick_clocks(0.05 if done else 1.1)
        raise Broken(f"not at rest: committed {self.cluster.committed(GROUP)}, log ends {self._ends()}")

    def _all_errands(self, worker: Worker) -> None:
        while (errand := worker.engine.scout.take()) is not None:
            worker.engine.scout.execute(errand)

    def _all_jobs(self, worker: Worker) -> None:
        pool = worker.engine.pool
        while (job := worker.held.pop() if worker.held else pool.take()) is not None:
            follow_up = pool.execute(job)
            if follow_up is not None:
                worker.held.append(follow_up)

    def _all_uploads(self, worker: Worker) -> None:
        while (job := worker.engine.uploads.take()) is not None:
            worker.engine.uploads.execute(job)

    def _ends(self) -> dict[int, int]:
        return {n: log.high for n, log in enumerate(self.cluster.topic(FRAMES).logs)}

    def _is_at_rest(self) -> bool:
        committed = self.cluster.committed(GROUP)
        for partition, end in self._ends().items():
            position = committed.get(TopicPartition(FRAMES, partition))
            if position is None or position.next_offset != end:
                return False
            metadata = CommitMetadata.from_text(position.metadata)
            if metadata is None or metadata.topic_id != self.topic_ids[-1]:
                return False
        return all(w.engine.uploads.pending == 0 and not w.held and not w.is_zombie for w in self.workers)

    # Promises

    def _watch_commits(self) -> None:
        accept = self.cluster.commit

        def commit(group: str, member_id: str, positions: dict[TopicPartition, Position]) -> None:
            accept(group, member_id, positions)
            for partition, position in positions.items():
                self._check_commit(partition, position)

        self.cluster.commit = commit  # type: ignore[method-assign,assignment]

    def _check_commit(self, partition: TopicPartition, position: Position) -> None:
        """Everything before a committed offset is durable, whoever committed it."""
        metadata = CommitMetadata.from_text(position.metadata)
        if metadata is None or len(position.metadata.encode()) > METADATA_MAX_BYTES:
            raise Broken(f"metadata {position.metadata!r}")
        if metadata.topic_id != self.topic_ids[-1]:
            return  # of a topic that was deleted: whoever reads it sees that and begins anew
        place = (metadata.topic_id, partition.partition)
        start = self.verified.get(place, 0)
        if position.next_offset <= start:
            return
        self.verified[place] = position.next_offset
        durable, identities = self._durable(*place), set(self.bucket.frames())
        for offset in range(start, position.next_offset):
            sent = self.sent.get((*place, offset))
            if sent is None or sent.kind == "foreign" or offset in durable:
                continue
            # A retry, alone in its window: nothing is stored there, but what it repeats is.
            if (sent.camera, (SESSION, sent.seq)) in identities or self._is_letter_elsewhere(sent, (*place, offset)):
                continue
            raise Broken(f"committed past offset {offset} of {place}, which is not durable: {sent}")

    def _is_letter_elsewhere(self, sent: Sent, place: tuple[str, int, int]) -> bool:
        letters = {(letter.topic_id, letter.partition, letter.offset) for letter in self._letters()}
        return any(other == sent and at != place and at in letters for at, other in self.sent.items())

    def _durable(self, topic_id: str, partition: int) -> set[int]:
        """Offsets that a stored clip, a dead letter or a gap accounts for."""
        offsets: set[int] = set()
        for sidecar in self.bucket.objects.values():
            if (sidecar.origin.topic_id, sidecar.origin.partition) == (topic_id, partition):
                # A dead letter's entry says that there is one; the letter itself has to be there.
                offsets.update(entry.offset for entry in sidecar.entries if entry.fate is not Fate.DEAD_LETTER)
        for letter in self._letters():
            if (letter.topic_id, letter.partition) == (topic_id, partition):
                offsets.add(letter.offset)
        for gap in self._gaps():
            if (gap.origin.topic_id, gap.origin.partition) == (topic_id, partition):
                offsets.update(range(gap.first_offset, gap.next_offset))
        return offsets

    def _letters(self) -> list[DeadLetter]:
        return [DeadLetter.from_headers(record.headers)[0] for record in self.cluster.records(LETTERS)]

    def _events(self) -> list[ClipReady | GapFound]:
        events = [parse_event(record.value or b"") for record in self.cluster.records(EVENTS)]
        return [event for event in events if isinstance(event, ClipReady | GapFound)]

    def _gaps(self) -> list[GapFound]:
        return [event for event in self._events() if isinstance(event, GapFound)]

    def _check(self) -> None:
        self._check_frames()
        self._check_objects()
        self._check_events()
        self._check_letters()

    def _check_frames(self) -> None:
        """Every acknowledged frame is in exactly one clip; only what expired unread may be missing, and is said so."""
        counted = Counter(self.bucket.frames())
        excused = self._excused()
        for place, sent in self.sent.items():
            times = counted[sent.camera, (SESSION, sent.seq)]
            if sent.kind != "good":
                if times:
                    raise Broken(f"{sent} at {place} is in {times} clips")
            elif times > 1 and self._is_once_a_topic(sent):
                continue
            elif times > 1 or (times == 0 and (sent.camera, sent.seq) not in excused):
                raise Broken(f"{sent} at {place} is in {times} clips")

    def _is_once_a_topic(self, sent: Sent) -> bool:
        """It was sent to a topic that was then made anew, and again to the new one, while the old one's last windows
        were not stored yet: see "Known limits". No topic has it twice, and none that it was never sent to."""
        stored = Counter(self.bucket.topic_ids(sent.camera, (SESSION, sent.seq)))
        sent_to = {place[0] for place, other in self.sent.items() if other == sent}
        return max(stored.values()) == 1 and set(stored) <= sent_to

    def _excused(self) -> set[tuple[str, int]]:
        """Frames that lie in an announced gap, or in a topic that was deleted before it was read to its end."""
        excused = set()
        gaps = {
            (gap.origin.topic_id, gap.origin.partition, offset)
            for gap in self._gaps()
            for offset in range(gap.first_offset, gap.next_offset)
        }
        for place, sent in self.sent.items():
            if place in gaps or place[0] != self.topic_ids[-1] or self.named_ends[place] >= NAMED_LIMIT:
                excused.add((sent.camera, sent.seq))
        return excused

    def _check_objects(self) -> None:
        put = Counter(str(sidecar.clip_id) for sidecar in self.bucket.history)
        twice = [clip for clip, times in put.items() if times > 1]
        if twice:
            raise Broken(f"put more than once: {twice}")
        remainders = [clip for clip in put if "~" in clip]
        o = self.options
        if remainders and not (self.jumped or o.recreation or o.expiry):
            raise Broken(f"conflicts without a reason: {remainders}")
        accounted: Counter[tuple[str, int, int]] = Counter()
        for sidecar in self.bucket.history:
            accounted.update(
                (sidecar.origin.topic_id, sidecar.origin.partition, entry.offset)
                for entry in sidecar.entries
                if entry.is_in_clip
            )
        # In the moment before a new topic is noticed its records are taken for the old one's: see "Known limits".
        doubled = [place for place, times in accounted.items() if times > 1 and place[0] == self.topic_ids[-1]]
        if doubled:
            raise Broken(f"offsets in two clips: {doubled}")

    def _check_events(self) -> None:
        """Each clip is announced, and no announcement differs from what was stored."""
        first: dict[ClipId, Sidecar] = {}
        for sidecar in self.bucket.history:
            first.setdefault(sidecar.clip_id, sidecar)
        expected = {str(clip_id): clip_ready(sidecar, 1_000) for clip_id, sidecar in first.items()}
        announced = set()
        for event in self._events():
            if isinstance(event, ClipReady):
                announced.add(event.clip_id)
                if event != expected.get(event.clip_id):
                    raise Broken(f"event differs from its clip: {event}")
        silent = {
            str(clip_id)
            for clip_id, sidecar in self.bucket.objects.items()
            if sidecar.tombstone is None and str(clip_id) not in announced
        }
        if silent and not (self.options.recreation or self.options.expiry):
            raise Broken(f"stored and never announced: {silent}")

    def _check_letters(self) -> None:
        for letter in self._letters():
            sent = self.sent.get((letter.topic_id, letter.partition, letter.offset))
            place = (letter.topic_id, letter.partition, letter.offset)
            if letter.reason == "kills_process" and self.named_ends[place] >= NAMED_LIMIT:
                continue
            if letter.topic_id != self.topic_ids[-1]:
                continue  # read in the moment before the new topic was noticed: said again under its own id
            kinds = {"kills_process": "deadly", "not_decodable": "poison", "bad_headers": "garbled"}
            if sent is None or kinds.get(letter.reason) != sent.kind:
                raise Broken(f"dead letter {letter} for {sent}")


def void(_: object) -> None:
    """Forget a value."""


def fates(bucket: FakeBucket) -> Counter[Fate]:
    """What became of all offsets in the bucket."""
    return Counter(entry.fate for sidecar in bucket.objects.values() for entry in sidecar.entries)
