"""Answers to POSTs are cut after the append; clients retry; the consumer is killed meanwhile."""

import time

from common.contracts.camera_settings import AnalysisSettings, CameraSettings
from common.contracts.identity import hash_token, make_camera_id, make_token
from infra.native.ports import free_ports
from tests.faults.cameras import CLIP_MS
from tests.faults.fault_bench import FaultBench
from tests.faults.posting_cameras import PostingCamera
from tests.faults.scenario import Measured
from tests.faults.stand_in_analysis import ANALYSIS, EVERY_MS
from tests.support.cameras import CameraWriter
from tests.support.http_proxy import Fault, HttpProxy, no_faults, share_of_calls
from tests.support.service_process import ServiceProcess, wait_until

SHARE = 0.2
SECONDS = 30
PARTITIONS = (0, 0, 5, 11)


class PostsCut:
    name = "answers to 20 % of POSTs cut after the append, consumer killed meanwhile"
    expected = "each (session, seq) in exactly one clip"
    is_quick = False

    def run(self, bench: FaultBench) -> Measured:
        ingest, cameras = self._open_ingest(bench)
        proxy: HttpProxy = bench.keep(HttpProxy(ingest.port))
        proxy.plan = share_of_calls(SHARE, Fault(withhold_answer=True), bench.seed, "POST")
        for camera in cameras:
            camera.port = proxy.port
        bench.start_indexer()
        bench.keep_running(1)
        for camera in cameras:
            camera.start()
        names = [camera.camera for camera in cameras]
        bench.wait_all_cameras(0, names)
        for _ in range(2):
            time.sleep(bench.pace.times(SECONDS, least=8) / 2)
            killed_s = time.time()
            bench.members[-1].kill()
            bench.keep_running(1)
            bench.wait_all_cameras(killed_s, names)
        proxy.plan = no_faults
        for camera in cameras:
            camera.stop()
        sent = {identity for camera in cameras for identity in camera.acknowledged}
        took_s = bench.settle(acknowledged=sent)
        measured, books = bench.judge(acknowledged=sent)
        cut, posts = sum(c.cut for c in cameras), sum(c.posts for c in cameras)
        duplicates = sum(s.counts().get("duplicate", 0) for s in bench.checker.sidecars())
        measured.require(cut >= posts * SHARE / 2, f"only {cut} of {posts} answers were cut")
        measured.require(duplicates > 0, "no retry came to the log")
        measured.require(not books.letters, f"dead letters: {books.letters[:3]}")
        return measured.add(
            f"{cut} of {posts} answers cut, {duplicates} retries left out as duplicates", f"settled {took_s:.1f} s"
        )

    def _open_ingest(self, bench: FaultBench) -> tuple[ServiceProcess, list[PostingCamera]]:
        port = free_ports().ingest
        variables = {
            **bench.variables,
            "LOOKOUT_INGEST_BIND": "127.0.0.1",
            "LOOKOUT_INGEST_PORT": str(port),
            "LOOKOUT_INGEST_THREADS": "8",
        }
        ingest: ServiceProcess = bench.keep(
            ServiceProcess("producer_service", port, variables, bench.folder / "ingest.log")
        )
        cameras = []
        writer = CameraWriter(bench.servers.bootstrap_servers, bench.place.prefix)
        try:
            for partition in PARTITIONS:
                token = make_token()
                settings = CameraSettings(
                    camera=make_camera_id(),
                    version=1,
                    name="Yard",
                    owner="admin",
                    token_hashes=(hash_token(token),),
                    partition=partition,
                    analyses=(AnalysisSettings(name=ANALYSIS, every_ms=EVERY_MS),),
                    clip_ms=CLIP_MS,
                )
                writer.put(settings)
                cameras.append(PostingCamera(settings.camera, token))
        finally:
            writer.close()
        ingest.wait_ready()

        def known() -> bool:
            return all(
                ingest.request(
                    "GET", f"/v1/cameras/{c.camera}/ping", headers={"Authorization": f"Bearer {c.token}"}
                ).status
                == 200
                for c in cameras
            )

        wait_until(known, "ingest knows the cameras")
        return ingest, cameras
