"""gunicorn around the application: one worker process, its Kafka clients made after fork."""

import logging
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from common.settings import KafkaSettings, PlaceSettings
from producer_service.app import create_app
from producer_service.service import IngestService
from producer_service.settings import IngestSettings
from producer_service.wiring import build_service
from producer_service.worker import ARRIVAL_S, IngestWorker, RootLogger

log = logging.getLogger(__name__)

CONNECTIONS = 1_000
GRACE_S = 14
"""Enough for an acknowledgement under way and the flush, and below the 15 s after which the launcher kills."""


class IngestServer(BaseApplication):  # type: ignore[misc]  # gunicorn has no annotations
    """The gunicorn application. `run` returns by SystemExit when the server has stopped."""

    def __init__(self, ingest: IngestSettings, kafka: KafkaSettings, places: PlaceSettings) -> None:
        self._ingest = ingest
        self._kafka = kafka
        self._places = places
        self._service: IngestService | None = None
        super().__init__()

    def load_config(self) -> None:
        """Called by the constructor of the base class. Nothing is read from gunicorn's own files and variables."""
        options: dict[str, Any] = {
            "bind": f"{bracketed(self._ingest.bind)}:{self._ingest.port}",
            "workers": 1,
            "worker_class": IngestWorker,
            "logger_class": RootLogger,
            "threads": self._ingest.threads,
            "worker_connections": CONNECTIONS,
            # Also how long a connection may rest between requests, or a request may take to arrive.
            "keepalive": int(ARRIVAL_S),
            "graceful_timeout": GRACE_S,
            "timeout": 30,
            "limit_request_line": 1_024,
            "limit_request_fields": 50,
            "limit_request_field_size": 4_096,
            "control_socket_disable": True,
            "proc_name": "lookout-ingest",
            "post_worker_init": lambda worker: worker.app.started().start(),
            "worker_exit": lambda _server, worker: worker.app.stopped(),
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Called by the worker, after fork. Opens nothing yet."""
        self._service = build_service(self._kafka, self._places, self._ingest.threads)
        return create_app(self._service)

    def started(self) -> IngestService:
        """The worker's service, to be started. gunicorn calls `load` before `post_worker_init`."""
        if self._service is None:
            raise RuntimeError("post_worker_init came before load")
        return self._service

    def stopped(self) -> None:
        """After the worker's last request, also when it could not even start."""
        if self._service is not None:
            self._service.stop()


def bracketed(host: str) -> str:
    """IPv6 addresses in brackets, as gunicorn wants them."""
    return f"[{host}]" if ":" in host else host
