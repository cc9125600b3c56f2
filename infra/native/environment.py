"""The environment of every service: the one place where addresses, keys and folders of a system become variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from infra.native.keys import S3Keys, s3_keys, signing_key
from infra.native.layout import MODELS
from infra.native.mongo import DATABASE
from infra.native.ports import LOOPBACK, Ports, variable_of
from infra.native.s3 import REGION
from infra.native.settings import SystemSettings

# Read by the launcher alone; a service must not see a demo variable and wonder.
LAUNCHER_ONLY = frozenset({"VIDEO", "CAMERAS", "MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKE_TERMOUT", "MAKE_TERMERR"})


@dataclass(frozen=True)
class Endpoints:
    """Where the three servers of a system answer. `s3_keys` is None for an external server: AWS_* is the user's own."""

    bootstrap_servers: str
    mongo_url: str
    s3_endpoint_url: str
    s3_keys: S3Keys | None

    def variables(self) -> dict[str, str]:
        """The same as environment variables. Secret."""
        values = {
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers,
            "MONGODB_URL": self.mongo_url,
            "S3_ENDPOINT_URL": self.s3_endpoint_url,
        }
        if self.s3_keys is not None:
            values["AWS_ACCESS_KEY_ID"] = self.s3_keys.access_key_id
            values["AWS_SECRET_ACCESS_KEY"] = self.s3_keys.secret_access_key
            values["AWS_REGION"] = REGION
        return values


def endpoints_of(system: SystemSettings) -> Endpoints:
    """The external servers where they are named, else the native ones. Makes the S3 key pair at the first call."""
    launcher, ports = system.launcher, system.ports
    return Endpoints(
        bootstrap_servers=launcher.kafka_external or f"{LOOPBACK}:{ports.kafka}",
        mongo_url=launcher.mongo_external or f"mongodb://{LOOPBACK}:{ports.mongo}/{DATABASE}",
        s3_endpoint_url=launcher.s3_external or f"http://{LOOPBACK}:{ports.s3}",
        s3_keys=None if launcher.s3_external else s3_keys(system.var),
    )


def port_variables(ports: Ports) -> dict[str, str]:
    return {variable_of(field.name): str(getattr(ports, field.name)) for field in fields(Ports)}


def server_environment(outer: Mapping[str, str]) -> dict[str, str]:
    """What a Java server gets: what finds programs and says how text is written, and none of our secrets."""
    wanted = ("PATH", "JAVA_HOME", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "JAVA_TOOL_OPTIONS")
    return {name: outer[name] for name in wanted if name in outer}


def service_environment(system: SystemSettings, health_port: int | None = None) -> dict[str, str]:
    """What every service gets. `health_port`: for a process that serves no HTTP of its own. Secret."""
    outer = {name: value for name, value in system.outer.items() if name not in LAUNCHER_ONLY}
    own = {
        **port_variables(system.ports),
        "LOOKOUT_INGEST_BIND": system.launcher.ingest_bind,
        "LOOKOUT_PAGE_BIND": system.launcher.page_bind,
        "LOOKOUT_VAR_DIR": str(system.var.root),
        "LOOKOUT_DISK_PATH": outer.get("LOOKOUT_DISK_PATH") or str(system.var.root),
        "LOOKOUT_S3_SERVER": system.launcher.s3_server,
        "LOOKOUT_PICTURES_URL": outer.get("LOOKOUT_PICTURES_URL")
        or f"http://{LOOPBACK}:{system.ports.health_of('pictures')}",
        "S3_BUCKET": system.storage.bucket,
        "MODEL_DIR": outer.get("MODEL_DIR") or str(MODELS),
        "DEMO": "1" if system.launcher.demo else "0",
        # Lines of a process that is killed must be in its log.
        "PYTHONUNBUFFERED": "1",
        **endpoints_of(system).variables(),
    }
    if not outer.get("LOOKOUT_SIGNING_KEY") and not outer.get("LOOKOUT_SIGNING_KEY_FILE"):
        own["LOOKOUT_SIGNING_KEY"] = signing_key(system.var)
    if health_port is not None:
        own["LOOKOUT_HEALTH_PORT"] = str(health_port)
    else:
        own.pop("LOOKOUT_HEALTH_PORT")
    return {**outer, **own}
