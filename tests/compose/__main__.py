"""Builds, brings up, proves, takes down: one JSON line at the end, exit status 0 when all held.

1. Build; image sizes. 2. Up with demo cameras; time to the first playable clip. 3. A clip of each analysis through the
API, played with Range from another container; a film of two. 4. Kill a consumer, scale another, both go on. 5. Stop
everything and start it again without demo cameras: clips and accounts are still there; idle memory. 6. Down: nothing is
left.
"""

import contextlib
import json
import os
import sys
import time
from typing import Any

import httpx

from tests.compose.project import ComposeFailed, Project, free_port, image_mb, run
from tests.e2e.api_person import ApiPerson, wait_for

ANALYSES = ("recorder", "emotion", "license_plate")
READY = ("kafka", "mongo", "s3", "ingest", "api", "indexer", "signalling", "pictures", "films", *ANALYSES)
READY_S = 240.0
FIRST_CLIP_S = 240.0
FILM_S = 240.0
SETTLE_S = 20.0
LIMIT_MB = {
    "lookout-consumers": 800.0,
    **dict.fromkeys(("lookout-producer", "lookout-api", "lookout-films", "lookout-signalling"), 400.0),
}
IDLE_LIMIT_MB = 1_200.0
FROM_INSIDE = """
import json, sys, urllib.request, http.cookiejar
asked = json.load(sys.stdin)
opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
body = json.dumps({"name": asked["name"], "password": asked["password"]}).encode()
base = asked["base"]
opener.open(urllib.request.Request(base + "/v1/session", body, {"Content-Type": "application/json"}), timeout=20).read()
path = base + "/v1/clips/" + asked["clip"] + "/video"
answer = opener.open(urllib.request.Request(path, headers={"Range": "bytes=0-99"}), timeout=20)
data = answer.read()
print(json.dumps({"status": answer.status, "bytes": len(data), "ftyp": data[4:8].decode("latin-1")}))
"""


def main() -> int:
    ports = {f"LOOKOUT_{name}_PORT": str(free_port()) for name in ("INGEST", "PAGE", "SIGNALLING")}
    project = Project(f"lookout-test-{os.getpid()}", {**ports, "LOOKOUT_INGEST_BIND": "127.0.0.1", "DEMO": "1"})
    result: dict[str, Any] = {}
    problems: list[str] = []
    try:
        prove(project, result, problems)
    except (ComposeFailed, httpx.HTTPError) as error:
        problems.append(str(error))
    finally:
        with contextlib.suppress(ComposeFailed):
            project.down()
    # Without an engine nothing can have been left.
    with contextlib.suppress(ComposeFailed):
        left = project.leftovers()
        if left:
            problems.append(f"left behind: {left}")
    for problem in problems:
        tell(f"FAILED {problem}")
    sys.stdout.write(json.dumps({"ok": not problems, **result}) + "\n")
    return 1 if problems else 0


def prove(project: Project, result: dict[str, Any], problems: list[str]) -> None:
    engine = run(["docker", "version", "--format", "{{.Server.Version}}"], None, 60).strip()
    tell(f"engine {engine}; building")
    begin_s = time.monotonic()
    project.compose("build", "--quiet", limit_s=1_800.0)
    result |= {"engine": engine, "build_s": round(time.monotonic() - begin_s, 1)}
    result["image_mb"] = {name: round(image_mb(name)) for name in LIMIT_MB}
    problems += [f"{name} is larger than {limit:.0f} MB" for name, limit in LIMIT_MB.items() if image_mb(name) > limit]

    tell("up")
    begin_s = time.monotonic()
    project.up()
    project.wait_healthy(("api",), READY_S)
    name, password = first_admin(project)
    with ApiPerson(project.page_url, name, password) as person:
        has_clip = wait_for(lambda: bool(person.clips()), FIRST_CLIP_S)
        result["first_clip_s"] = round(time.monotonic() - begin_s, 1)
        if not has_clip:
            raise ComposeFailed("no clip after " + project.compose("logs", "--tail", "40", "recorder", "indexer"))
        project.wait_healthy(READY, READY_S)
        tell(f"first clip after {result['first_clip_s']} s")
        play_each(project, person, (name, password), problems)
        make_film(project, person, problems)
        kill_and_scale(project, person, problems)
        before = {clip["id"] for clip in person.clips()}

    tell("stop, start without demo cameras")
    project.compose("stop", "--timeout", "30")
    project.up("--force-recreate", demo="0")
    project.wait_healthy(READY, READY_S)
    time.sleep(SETTLE_S)
    with ApiPerson(project.page_url, name, password) as person:
        missing = before - {clip["id"] for clip in person.clips()}
        problems += [f"{len(missing)} clips are gone after a restart"] if missing else []
        problems += ["a clip does not play after a restart"] if not plays(person, min(before)) else []
    memory = project.memory_mb()
    result["idle_memory_mb"] = {service: round(mb) for service, mb in sorted(memory.items())} | {
        "all": round(sum(memory.values()))
    }
    problems += ["idle memory is over 1.2 GB"] if sum(memory.values()) > IDLE_LIMIT_MB else []
    new_password = project.compose("exec", "-T", "api", "python", "-m", "api_server", "reset-admin")
    problems += ["reset-admin printed no password"] if not new_password.strip() else []


def play_each(project: Project, person: ApiPerson, account: tuple[str, str], problems: list[str]) -> None:
    """A clip of each analysis, seen through the API and played from another container."""
    for analysis in ANALYSES:
        if not wait_for(lambda a=analysis: bool(person.clips(analysis=a)), FIRST_CLIP_S):  # type: ignore[misc]
            problems.append(f"no clip of {analysis}: " + project.compose("logs", "--tail", "20", analysis))
            continue
        clip = person.clips(analysis=analysis)[-1]["id"]
        if not plays(person, clip):
            problems.append(f"{clip} does not play with Range")
        asked = {"name": account[0], "password": account[1], "clip": clip}
        asked["base"] = f"http://api:{project.environment['LOOKOUT_PAGE_PORT']}"
        words = ("run", "--rm", "--no-deps", "-T", "topics", "python", "-c", FROM_INSIDE)
        answer = json.loads(project.compose(*words, stdin=json.dumps(asked)).splitlines()[-1])
        if answer != {"status": 206, "bytes": 100, "ftyp": "ftyp"}:
            problems.append(f"{clip} from another container: {answer}")
        tell(f"{clip} plays")


def plays(person: ApiPerson, clip: str) -> bool:
    answer = person.video_range(clip, 0, 99)
    return answer.status_code == 206 and answer.content[4:8] == b"ftyp"


def make_film(project: Project, person: ApiPerson, problems: list[str]) -> None:
    """One of two clips, made by the film worker and fetched."""
    clips = [person.clips(analysis=analysis)[-1]["id"] for analysis in ("emotion", "license_plate")]
    path = "/v1/exports/" + person.create_export({"kind": "film", "name": "both", "clips": clips})
    if not wait_for(lambda: person.get(path).json()["state"] in ("finished", "failed"), FILM_S):
        problems.append("no film: " + project.compose("logs", "--tail", "20", "films"))
        return
    film, file = person.get(path).json(), person.get(path + "/file")
    if film["state"] != "finished" or film["notes"] or file.content[4:8] != b"ftyp":
        problems.append(f"the film: {film}, {file.status_code}")
    tell(f"a film of {film['duration_ms'] or 0} ms")


def kill_and_scale(project: Project, person: ApiPerson, problems: list[str]) -> None:
    """A killed consumer comes back by itself and goes on; three share the work of one."""
    tell("kill the recorder, scale emotion to 3")
    newest = max(clip["start_ms"] for clip in person.clips(analysis="recorder"))
    project.compose("kill", "--signal", "KILL", "recorder")
    # `kill` counts as the operator's wish to stop: a crash is restarted by the engine, this is not.
    project.up("recorder")
    project.up("--scale", "emotion=3", "emotion")
    later = wait_for(lambda: any(c["start_ms"] > newest for c in person.clips(analysis="recorder")), FIRST_CLIP_S)
    problems += [] if later else ["no recorder clip after the kill"]
    if not wait_for(lambda: len(project.of("emotion")) == 3, 60):
        problems.append(f"emotion runs {len(project.of('emotion'))} times, not 3")
    scaled = max(clip["start_ms"] for clip in person.clips(analysis="emotion"))
    later = wait_for(lambda: any(c["start_ms"] > scaled for c in person.clips(analysis="emotion")), FIRST_CLIP_S)
    problems += [] if later else ["no emotion clip after scaling"]


def first_admin(project: Project) -> tuple[str, str]:
    text = project.compose("exec", "-T", "api", "cat", "/var/lib/lookout/first-admin").strip()
    name, _, password = text.partition(" ")
    return name, password


def tell(line: str) -> None:
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
