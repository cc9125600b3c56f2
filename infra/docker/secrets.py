"""Makes every secret once, into one volume per secret, so that each service mounts only what it needs.

Run by the one-shot service `secrets` as root in a container without network: `python -m infra.docker.secrets`.
What exists is kept: a second start changes nothing. Standard library only.
"""

import json
import os
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path("/run/lookout")
API_VAR = Path("/var/lib/lookout")
SERVICE_GROUP = 10001
"""The group of our images' user (see Dockerfile). The servers' own images read their files as root."""
DEMO_CAMERAS = ("demo-face", "demo-cars")


def _s3() -> dict[str, str]:
    return {"AWS_ACCESS_KEY_ID": "lk" + secrets.token_hex(9), "AWS_SECRET_ACCESS_KEY": secrets.token_urlsafe(30)}


def _mongo() -> dict[str, str]:
    password = secrets.token_urlsafe(24)
    return {
        "MONGO_INITDB_ROOT_USERNAME": "lookout",
        "MONGO_INITDB_ROOT_PASSWORD": password,
        "MONGODB_URL": f"mongodb://lookout:{password}@mongo:27017/lookout?authSource=admin",
    }


def _signing() -> dict[str, str]:
    return {"LOOKOUT_SIGNING_KEY": secrets.token_urlsafe(48)}


ENVIRONMENTS: Mapping[str, Callable[[], dict[str, str]]] = {"s3": _s3, "mongo": _mongo, "signing": _signing}


def make_environment(folder: Path, make: Callable[[], dict[str, str]]) -> bool:
    """Write one file per variable into `folder`, the marker `.complete` last. Returns whether anything was made."""
    if (folder / ".complete").exists():
        return False
    for name, value in make().items():
        write_secret(folder / name, value)
    write_secret(folder / ".complete", "")
    return True


def make_demo_tokens(folder: Path) -> bool:
    """One file `CAMERA` with its token for each demo camera."""
    missing = [camera for camera in DEMO_CAMERAS if not (folder / camera).exists()]
    for camera in missing:
        write_secret(folder / camera, "lk_" + secrets.token_urlsafe(32))
    return bool(missing)


def list_demo_cameras(folder: Path, listing: Path, wanted: bool) -> None:
    """The API server makes the cameras it finds in `listing` (its var folder); with DEMO=0 there is no such file."""
    if not wanted:
        listing.unlink(missing_ok=True)
        return
    tokens = {camera: {"token": (folder / camera).read_text(encoding="utf-8")} for camera in DEMO_CAMERAS}
    write_secret(listing, json.dumps(tokens))


def write_secret(path: Path, text: str) -> None:
    """Never visible half-written, never readable by others: owner root, group of our images."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o440)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    if os.geteuid() == 0:  # not so in unit tests
        os.chown(partial, 0, SERVICE_GROUP)
    partial.replace(path)


def main() -> int:
    made = [name for name, make in ENVIRONMENTS.items() if make_environment(ROOT / name, make)]
    if make_demo_tokens(ROOT / "demo"):
        made.append("demo")
    list_demo_cameras(ROOT / "demo", API_VAR / "demo-cameras.json", wanted=os.environ.get("DEMO", "1") != "0")
    sys.stderr.write(f"secrets made: {', '.join(made) or 'none, all were there'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
