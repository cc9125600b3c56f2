"""The stage of one row: servers, cameras, consumer processes, the indexer, proxies, and the judge."""

import contextlib
import os
import random
import signal
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from confluent_kafka.admin import AdminClient

from common.contracts.frame import AnalysisRequest
from common.settings import KafkaSettings
from infra.native.ports import free_ports
from tests.faults.cameras import CAMERAS, Cameras, Identity
from tests.faults.checker import Books, Checker
from tests.faults.member import Member
from tests.faults.private_servers import Place, PrivateServers
from tests.faults.scenario import Measured, Pace
from tests.faults.stand_in_analysis import ANALYSIS, EVERY_MS, MODEL_VARIABLE
from tests.support.http_proxy import HttpProxy
from tests.support.service_process import ServiceProcess, wait_until
from tests.support.tcp_proxy import TcpProxy

SESSION_TIMEOUT_S = 6.0
NEW_OWNER_WAIT_S = 5.0
"""Instead of 90 s: no row has a writer that stood still for longer and a lost position at once."""
WORKS_S = 90.0
SETTLE_S = 120.0
LOOK_EVERY_S = 0.5


class FaultBench:
    """Use as a context manager: at its end everything that runs is killed. One thread."""

    def __init__(self, servers: PrivateServers, folder: Path, pace: Pace, seed: int = 1) -> None:
        self.servers = servers
        self.folder = folder
        self.pace = pace
        self.seed = seed
        self.random = random.Random(seed)
        self.place: Place = servers.make_place()
        self.variables: dict[str, str] = {
            **servers.variables,
            "MONGODB_URL": f"mongodb://127.0.0.1:{servers.mongo_port}/{self.place.database}",
            "S3_BUCKET": self.place.bucket,
            "LOOKOUT_TOPIC_PREFIX": self.place.prefix,
            "LOOKOUT_VAR_DIR": str(folder),
            "LOOKOUT_MIN_FREE_BYTES": "0",
        }
        self.member_variables: dict[str, str] = dict(self.variables)
        """What consumers get: a proxy is put in between by changing an address here."""
        self.kafka = KafkaSettings.model_validate(self.variables)
        self.members: list[Member] = []
        self._cleanup = contextlib.ExitStack()
        self.checker = Checker(self.variables, ANALYSIS)
        self._cleanup.callback(self.checker.close)
        self.checker.store.ensure_bucket()
        self.cameras = self.open_cameras()
        self.indexer: ServiceProcess | None = None
        self.settled_s = 0.0
        self.allowed_ends = {0, -signal.SIGKILL}
        """Exit statuses of members that are no surprise."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for member in self.members:
            if member.is_running:
                member.kill()
        self._cleanup.close()
        self.servers.revive_all()
        self.servers.remove_place(self.place)

    # What takes part

    def open_cameras(
        self,
        cameras: Mapping[str, int] = CAMERAS,
        analyses: tuple[AnalysisRequest, ...] = (AnalysisRequest(ANALYSIS, EVERY_MS),),
    ) -> Cameras:
        made = Cameras(self.kafka, cameras, analyses)
        self._cleanup.callback(made.close)
        return made

    def start_member(self, **options: Any) -> Member:
        """A consumer; see `member_process` for the options."""
        engine = {"new_owner_wait_s": NEW_OWNER_WAIT_S, **options.pop("engine", {})}
        chosen = {"session_timeout_s": SESSION_TIMEOUT_S, "engine": engine, **options}
        if MODEL_VARIABLE in os.environ:
            chosen.setdefault("model", os.environ[MODEL_VARIABLE])
        member = Member(len(self.members), self.folder, self.member_variables, chosen)
        self.members.append(member)
        return member

    def start_indexer(self, wait: bool = False) -> ServiceProcess:
        port = free_ports().health
        variables = {**self.variables, "LOOKOUT_HEALTH_PORT": str(port)}
        self.indexer = ServiceProcess("api_server.indexer", port, variables, self.folder / "indexer.log")
        self._cleanup.enter_context(self.indexer)
        if wait:
            self.indexer.wait_ready()
        return self.indexer

    def kill_indexer(self) -> None:
        """And start it again, as the supervisor would."""
        assert self.indexer is not None
        os.killpg(self.indexer.process.pid, signal.SIGKILL)
        self.indexer.process.wait(20)
        self.indexer.start()

    def s3_by_http(self) -> HttpProxy:
        """From the next member on, S3 is reached through a proxy that fails single calls."""
        proxy = self._cleanup.enter_context(HttpProxy(self.servers.s3_port))
        self.member_variables["S3_ENDPOINT_URL"] = f"http://127.0.0.1:{proxy.port}"
        return proxy

    def s3_by_tcp(self) -> TcpProxy:
        """From the next member on, S3 is reached through a proxy that fails connections."""
        proxy = self._cleanup.enter_context(TcpProxy(self.servers.s3_port))
        self.member_variables["S3_ENDPOINT_URL"] = f"http://127.0.0.1:{proxy.port}"
        return proxy

    def keep(self, service: contextlib.AbstractContextManager[Any]) -> Any:
        """Something a row opened for itself, closed with the bench."""
        return self._cleanup.enter_context(service)

    @property
    def admin(self) -> AdminClient:
        return AdminClient({"bootstrap.servers": self.servers.bootstrap_servers, "log_level": 0})

    # Waiting

    def wait_for_work(self, member: Member, frames: int = 1, since_s: float = 0.0, limit_s: float = WORKS_S) -> None:
        """Until the member has analysed `frames` since a wall time."""

        def works() -> bool:
            assert member.is_running, f"member {member.number} ended with {member.process.poll()}\n{member.log[-3000:]}"
            return len(member.analysed(since_s)) >= frames

        wait_until(works, f"member {member.number} analyses {frames} frames", limit_s)

    def analysed_since(self, since_s: float) -> dict[str, float]:
        """Camera -> when one of its frames came out of any member's model first, after a wall time."""
        first: dict[str, float] = {}
        for member in self.members:
            for sighted in member.analysed(since_s):
                first[sighted.camera] = min(first.get(sighted.camera, sighted.wall_s), sighted.wall_s)
        return first

    def wait_all_cameras(self, since_s: float, cameras: Iterable[str] = CAMERAS, limit_s: float = WORKS_S) -> float:
        """Until every camera is worked on again after `since_s`; how many seconds after it the last one was."""
        wanted = set(cameras)
        wait_until(
            lambda: wanted <= set(self.analysed_since(since_s)),
            "all cameras are worked on" + self.last_words(),
            limit_s,
        )
        return max(wall_s for camera, wall_s in self.analysed_since(since_s).items() if camera in wanted) - since_s

    def keep_running(self, count: int, **options: Any) -> list[Member]:
        """The supervisor's part: start members until `count` run; those that were started. AssertionError for one that
        has crashed by itself."""
        self.require_no_crash()
        started = []
        while sum(member.is_running for member in self.members) < count:
            started.append(self.start_member(**options))
        return started

    def require_no_crash(self) -> None:
        for member in self.members:
            status = member.process.poll()
            # One that is asked to leave while it still imports has no handler yet.
            has_left = member.asked_to_end and status == -signal.SIGTERM
            assert status is None or has_left or status in self.allowed_ends, (
                f"member {member.number} ended with {status}\n{member.log[-3000:]}"
            )

    def last_words(self) -> str:
        """The end of the logs of members that run, for a message."""
        return "".join(f"\n--- member {m.number}\n{m.log[-1500:]}" for m in self.members if m.is_running)

    # The end

    def settle(
        self,
        limit_s: float = SETTLE_S,
        since_s: float | None = None,
        acknowledged: Iterable[Identity] | None = None,
        gone: Iterable[Identity] = (),
    ) -> float:
        """Until every acknowledged frame is accounted for, announced and listed; seconds since `since_s` (else since
        the call). Goes on to the judgement when the time is over: that says what is missing."""
        begin_s = time.time() if since_s is None else since_s
        wanted = set(self.cameras.acknowledged if acknowledged is None else acknowledged) - set(gone)
        until_s = time.monotonic() + limit_s
        while time.monotonic() < until_s and not self._is_settled(wanted):
            assert self.indexer is None or self.indexer.process.poll() is None, self.indexer.log[-3000:]
            self.require_no_crash()
            time.sleep(LOOK_EVERY_S)
        self.settled_s = time.time() - begin_s
        return self.settled_s

    def _is_settled(self, wanted: set[Identity]) -> bool:
        if not wanted <= self.checker.accounted():
            return False
        live = self.checker.live_clips()
        events = {event.clip_id for event in self.checker.events() if event.type == "clip"}
        return live <= events and (self.indexer is None or live <= set(self.checker.listed()))

    def wait_listed(self, checker: Checker, limit_s: float = SETTLE_S) -> None:
        """Until the database lists what another analysis has stored, or the time is over."""
        until_s = time.monotonic() + limit_s
        while time.monotonic() < until_s and checker.live_clips() != set(checker.listed()):
            time.sleep(LOOK_EVERY_S)

    def judge(
        self, gone: Iterable[Identity] = (), acknowledged: Iterable[Identity] | None = None
    ) -> tuple[Measured, Books]:
        """The common judgement, as the row's result to which figures are added."""
        sent = self.cameras.acknowledged if acknowledged is None else acknowledged
        books = self.checker.check(sent, gone, has_index=self.indexer is not None)
        return Measured(books.figures, list(books.problems)), books

    def finish(self, limit_s: float = SETTLE_S) -> tuple[Measured, Books]:
        """Stop the cameras, settle, judge."""
        self.cameras.stop()
        took_s = self.settle(limit_s)
        measured, books = self.judge()
        measured.require(took_s <= limit_s, f"not settled in {limit_s:g} s")
        return measured.add(f"settled {took_s:.1f} s after the last frame"), books
