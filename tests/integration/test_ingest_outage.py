"""Ingest while Kafka is not there, and when it comes back."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from common.contracts.identity import hash_token, make_session, make_token
from infra.native.ports import free_ports
from infra.native.servers import ServerGroup
from tests.integration.test_ingest import System, add_camera, ingest_variables
from tests.support.cameras import make_topics, open_writer
from tests.support.servers import TestServers
from tests.support.service_process import ServiceProcess, wait_until

PREFIX = "outage-"


@pytest.mark.timeout(240)
@pytest.mark.slow
def test_post_while_kafka_is_away_is_503_and_passes_again_afterwards(
    private_servers: Callable[[], ServerGroup], tmp_path: Path
) -> None:
    group = private_servers()
    servers = TestServers.from_variables(group.endpoints.variables())
    port = free_ports().ingest
    variables = ingest_variables(servers, PREFIX, port, tmp_path)
    with (
        open_writer(servers.bootstrap_servers, PREFIX) as writer,
        ServiceProcess("producer_service", port, variables, tmp_path / "log") as ingest,
    ):
        # 1. Before the topics are made: it answers, but takes nothing.
        wait_until(lambda: ingest.status_of("/livez") == 200, "ingest answers")
        assert ingest.status_of("/readyz") == 503
        assert ingest.request("GET", "/v1/cameras/cam-aaaaaaaaaa/ping").code == "settings_not_read"
        make_topics(servers.bootstrap_servers, PREFIX)
        ingest.wait_ready()
        camera = add_camera(System(ingest, servers, PREFIX, writer))
        session = make_session()
        assert camera.post(X_Lookout_Session=session, X_Lookout_Seq="0").status == 201

        # 2. Kafka is killed: one frame waits for its time-out, the others are refused at once.
        group.kill("kafka")
        answer = camera.post(X_Lookout_Session=session, X_Lookout_Seq="1")
        assert (answer.status, answer.code) == (503, "kafka_unavailable")
        assert int(answer.headers["retry-after"]) >= 1
        began_s = time.monotonic()
        statuses = [camera.post(X_Lookout_Session=session, X_Lookout_Seq="1").status for _ in range(2)]
        assert statuses == [503, 503]
        assert time.monotonic() - began_s < 8
        assert ingest.status_of("/readyz") == 503
        assert ingest.status_of("/livez") == 200

        # 3. It comes back on the same data: the same process takes frames again, without hands.
        group.launch("kafka")
        group.wait_ready("kafka")
        wait_until(
            lambda: camera.post(X_Lookout_Session=session, X_Lookout_Seq="2").status == 201, "frames are taken again"
        )
        wait_until(lambda: ingest.status_of("/readyz") == 200, "ingest is ready again")
        assert {f.identity for f in camera.frames()} >= {(session, 0), (session, 2)}

        # 4. Settings are still followed.
        new = make_token()
        camera.change(token_hashes=(hash_token(new),))
        wait_until(lambda: camera.post().status == 401, "the old token is revoked", 5)
        assert camera.post(token=new).status == 201
        assert ingest.stop() == 0
