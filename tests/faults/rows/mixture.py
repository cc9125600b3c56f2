"""Everything at once, drawn at random: each fault lasts a while, and others come meanwhile."""

import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.cameras import CAMERAS
from tests.faults.fault_bench import FaultBench
from tests.faults.member import Member
from tests.faults.outage import MEMORY_MIB
from tests.faults.private_servers import ServerName
from tests.faults.scenario import FULL, Measured
from tests.faults.stand_in_analysis import silence_model
from tests.faults.watches import UseWatch
from tests.support.http_proxy import Fault, HttpProxy, no_faults, share_of_calls
from tests.support.tcp_proxy import Mode, TcpProxy

SECONDS = 60
FULL_SECONDS = 300
SETTLE_S = 120.0
MEMBERS = 2
SLOW_LATENCY_S = 0.2
SLOW_BYTES_PER_S = 50_000.0
SEEDS = (1, 2, 3, 4, 5)
Undo = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Mixture:
    """`number` is added to the seed of the run."""

    number: int

    @property
    def name(self) -> str:
        return f"random mixture {self.number} of {len(SEEDS)}"

    @property
    def expected(self) -> str:
        return f"lost 0, second clip 0, torn clip 0, dead letters = bad frames, settled <= {SETTLE_S:.0f} s"

    @property
    def is_quick(self) -> bool:
        return False

    def run(self, bench: FaultBench) -> Measured:
        return _Run(bench, self.number).play()


class _Run:
    def __init__(self, bench: FaultBench, number: int) -> None:
        self._bench = bench
        self._random = bench.random
        self._random.seed(1_000 * bench.seed + number)
        # Members reach S3 through both proxies.
        self._http: HttpProxy = bench.s3_by_http()
        self._tcp: TcpProxy = bench.keep(TcpProxy(self._http.port))
        bench.member_variables["S3_ENDPOINT_URL"] = f"http://127.0.0.1:{self._tcp.port}"
        self._due: list[tuple[float, str, Undo]] = []
        self._played: Counter[str] = Counter()
        self._faults: tuple[tuple[str, Callable[[], Undo | None], float], ...] = (
            ("kill", self._kill, 3.0),
            ("stop", self._stop, 1.5),
            ("leave", self._leave, 1.5),
            ("s3 refused", lambda: self._s3_mode(Mode.REFUSE), 1.0),
            ("s3 half-open", lambda: self._s3_mode(Mode.HALF_OPEN), 1.0),
            ("s3 slow", self._s3_slow, 1.0),
            ("s3 503", lambda: self._s3_calls(Fault(answer=503)), 1.0),
            ("s3 cut", lambda: self._s3_calls(Fault(cut_upload=0.5)), 1.0),
            ("s3 withheld", lambda: self._s3_calls(Fault(withhold_answer=True)), 1.0),
            ("kafka", lambda: self._server("kafka"), 0.7),
            ("s3", lambda: self._server("s3"), 0.7),
            ("mongo", lambda: self._server("mongo"), 0.7),
            ("indexer", self._indexer, 1.0),
            ("bad frame", self._bad_frame, 2.0),
            ("encoder", self._encoder, 1.0),
            ("settings", self._settings, 1.5),
            ("model", lambda: silence_model(bench.folder), 1.0),
        )

    def play(self) -> Measured:
        bench = self._bench
        bench.start_indexer()
        bench.keep_running(MEMBERS)
        bench.cameras.start()
        bench.wait_all_cameras(0)
        with UseWatch(bench) as use:
            until_s = time.time() + (FULL_SECONDS if bench.pace is FULL else bench.pace.times(SECONDS, least=20))
            while time.time() < until_s:
                self._step()
                pause_s = time.time() + self._random.uniform(1, 5)
                while time.time() < pause_s:
                    self._undo_due()
                    bench.keep_running(MEMBERS)
                    time.sleep(0.2)
            self._undo_due(everything=True)
            bench.keep_running(MEMBERS)
            bench.wait_all_cameras(time.time())
            measured, books = bench.finish(SETTLE_S)
        refused = {(letter.partition, letter.offset) for letter in books.letters}
        sent = {(delivery.partition, delivery.offset) for delivery in bench.cameras.bad.values()}
        # A bad frame that was sent twice is a letter and a duplicate, whose place is another.
        measured.require(len(refused) == len(sent) or refused >= sent, f"letters {refused}, bad frames {sent}")
        measured.require(
            all(letter.reason != "kills_process" for letter in books.letters), "a kill was blamed on a frame"
        )
        measured.require(use.most_mib <= MEMORY_MIB, f"a member held {use.most_mib} MiB")
        played = ", ".join(f"{count} {name}" for name, count in sorted(self._played.items()))
        return measured.add(played, f"memory {use.most_mib} MiB")

    def _step(self) -> None:
        under_way = {name for _, name, _ in self._due}
        free = [(name, start, weight) for name, start, weight in self._faults if name not in under_way]
        ((name, start, _),) = self._random.choices(free, [weight for *_, weight in free])
        undo = start()
        self._played[name] += 1
        if undo is not None:
            self._due.append((time.time() + self._random.uniform(2, 10), name, undo))

    def _undo_due(self, everything: bool = False) -> None:
        now_s = time.time()
        due = [entry for entry in self._due if everything or entry[0] <= now_s]
        self._due = [entry for entry in self._due if entry not in due]
        for _, _, undo in due:
            undo()

    def _member(self) -> Member:
        return self._random.choice([m for m in self._bench.members if m.is_running])

    def _kill(self) -> None:
        self._member().kill()

    def _stop(self) -> Undo:
        victim = self._member()
        victim.signal(signal.SIGSTOP)

        def go_on() -> None:
            if victim.is_running:
                victim.signal(signal.SIGCONT)

        return go_on

    def _leave(self) -> None:
        leaver = self._member()
        leaver.signal(signal.SIGTERM)

    def _s3_mode(self, mode: Mode) -> Undo:
        self._tcp.set_mode(mode)
        return lambda: self._tcp.set_mode(Mode.PASS)

    def _s3_slow(self) -> Undo:
        self._tcp.faults.latency_s, self._tcp.faults.bytes_per_s = SLOW_LATENCY_S, SLOW_BYTES_PER_S

        def be_quick() -> None:
            self._tcp.faults.latency_s = self._tcp.faults.bytes_per_s = 0.0

        return be_quick

    def _s3_calls(self, fault: Fault) -> Undo:
        method = None if fault.answer is not None else "PUT"
        self._http.plan = share_of_calls(0.3, fault, self._random.randrange(1_000), method)

        def pass_all() -> None:
            self._http.plan = no_faults

        return pass_all

    def _server(self, name: ServerName) -> Undo:
        self._bench.servers.kill(name)
        return lambda: self._bench.servers.revive(name)

    def _indexer(self) -> None:
        self._bench.kill_indexer()

    def _bad_frame(self) -> None:
        self._bench.cameras.send(self._random.choice(list(CAMERAS)), b"no picture", is_healthy=False)

    def _encoder(self) -> Undo:
        victim = self._member()
        victim.encoder("fail")
        return lambda: victim.encoder("ok")

    def _settings(self) -> None:
        cameras = self._bench.cameras
        cameras.version += 1
        cameras.clip_ms = self._random.choice((2_000, 3_000, 5_000, 7_000))
        cameras.size = self._random.choice(((320, 240), (640, 480), (480, 360)))
