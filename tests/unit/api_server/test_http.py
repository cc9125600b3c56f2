"""Headers, errors, OpenAPI, health, the page's files."""

import gzip
import json
import re
from pathlib import Path
from typing import get_args

import pytest

from api_server.app import build_routes
from api_server.clips.paging import Cursor, Order
from api_server.http.static_files import LIBRARY
from api_server.settings import ApiSettings, RetentionSettings
from common.errors import ConfigurationError
from common.settings import load_settings
from tests.unit.api_server.world import World

WEB = Path(__file__).parents[3] / "api_server" / "web"


@pytest.mark.parametrize("path", ["/sign-in", "/v1/cameras", "/static/base.css", "/nothing", "/openapi.json", "/livez"])
def test_every_answer_carries_the_security_headers(world: World, path: str) -> None:
    headers = world.app.test_client().get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "same-origin"
    assert re.fullmatch("[0-9a-f]{16}", headers["X-Request-Id"])
    assert headers["Cache-Control"]


def test_unknown_address_is_a_sentence_for_programs_and_a_page_for_people(world: World) -> None:
    client = world.app.test_client()
    program = client.get("/v1/nothing")
    person = client.get("/nothing", headers={"Accept": "text/html,*/*"})
    assert (program.status_code, program.get_json()["code"]) == (404, "not_found")
    assert person.status_code == 404
    assert "<h1>Not found</h1>" in person.get_data(as_text=True)
    assert client.get("/v1/nothing", headers={"Accept": "text/html"}).mimetype == "application/problem+json"
    problem = client.get("/v1/nothing").get_json()
    assert (problem["title"], problem["status"], problem["detail"]) == ("Not Found", 404, problem["message"])


def test_wrong_method_says_which_are_right(world: World) -> None:
    answer = world.app.test_client().put("/v1/cameras")
    assert (answer.status_code, answer.get_json()["code"]) == (405, "method_not_allowed")
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST"}


def test_failure_in_a_route_is_a_sentence_and_no_stack_trace(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = world.signed_in("ann")
    monkeypatch.setattr(world.cameras, "active", lambda: 1 / 0)
    answer = ann.get("/v1/cameras")
    assert (answer.status_code, answer.get_json()["code"]) == (500, "internal")
    assert "ZeroDivision" not in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "path", ["/v1//cameras", "/v1/cameras/", "/v1/../v1/cameras", "/static/../app.py", "/static/x.py"]
)
def test_odd_paths_lead_nowhere(world: World, path: str) -> None:
    assert world.app.test_client().get(path).status_code == 404


def test_readyz_says_why_it_is_not_ready(world: World) -> None:
    client = world.app.test_client()
    assert client.get("/readyz").status_code == 503
    world.housekeeping.prepare()
    assert "compared with Kafka" in client.get("/readyz").get_json()["message"]
    world.housekeeping.settle()
    assert client.get("/readyz").get_json() == {"status": "ok"}
    world.database.is_down = True
    assert client.get("/readyz").get_json()["message"] == "The database does not answer."
    assert client.get("/livez").status_code == 200


def test_metrics_count_requests_by_route_not_by_address(world: World) -> None:
    world.signed_in("ann").get("/v1/cameras/cam-secret")
    text = world.app.test_client().get("/metrics").get_data(as_text=True)
    assert 'lookout_http_requests_total{route="/v1/cameras/<camera_id>",status="404"} 1.0' in text
    assert "cam-secret" not in text


def test_openapi_describes_every_route_of_the_api(world: World) -> None:
    document = json.loads(world.app.test_client().get("/openapi.json").data)
    assert document["openapi"].startswith("3.1")
    described = {(method, path) for path, methods in document["paths"].items() for method in methods}
    for route in build_routes(world.parts):
        if route.path.startswith("/v1/"):
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route.path)
            assert (route.method.lower(), path) in described
            operation = document["paths"][path][route.method.lower()]
            assert str(route.status) in operation["responses"]
            assert (operation["security"] == []) == route.is_public
    text = json.dumps(document)
    for reference in re.findall(r'"#/components/schemas/(\w+)"', text):
        assert reference in document["components"]["schemas"]
    ids = [op["operationId"] for methods in document["paths"].values() for op in methods.values()]
    assert len(ids) == len(set(ids))


def test_openapi_answers_name_no_secret(world: World) -> None:
    document = json.loads(world.app.test_client().get("/openapi.json").data)
    shown = set(document["components"]["schemas"]["CameraAnswer"]["properties"])
    assert shown == {
        "id", "name", "owner", "analyses", "clip_ms", "policy", "emotion_purpose", "zones", "lines", "partition",
        "version", "published", "created_us", "retention_hours", "place", "kind", "address",
        "state", "recognition_purpose", "notes",
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "####",
        "e30",
        "WzFd",
        "WzEsMl0",
        "WyIxIiwiYSJd",
        "Wy0xLCJhIl0",
        "W3RydWUsImEiXQ",
        "é",
        "WzEsImEiLCJuZXdlc3QiXQ",
        "WzEsImEiLCJsYXJnaXNoIl0",
        "WzEsImEiLCJvbGRlc3QiLDFd",
    ],
)
def test_cursor_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a cursor"):
        Cursor.decode(text)


def test_cursor_comes_back_as_it_was() -> None:
    for order in get_args(Order):
        cursor = Cursor(1_700_000_000_000, "license_plate.cam-a.1.2~3", order)
        assert Cursor.decode(cursor.encode()) == cursor


# The page


@pytest.mark.parametrize("path", sorted(WEB.rglob("*.html")), ids=lambda p: p.name)
def test_template_has_no_inline_code_or_style(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\son[a-z]+\s*=", text)
    assert not re.search(r"\sstyle\s*=|<style|javascript:", text)
    for script in re.findall(r"<script[^>]*>", text):
        assert 'src="/static/' in script


@pytest.mark.parametrize("path", sorted(WEB.rglob("*.js")), ids=lambda p: p.name)
def test_script_never_parses_text_as_html(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)
    for imported in re.findall(r'from "\./([^"]+)"', text):
        assert (path.parent / imported).exists()


def test_pages_are_small(world: World) -> None:
    ann = world.signed_in("ann")
    client = ann.client
    seen, waiting, total = set(), ["/"], 0
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        answer = client.get(path, headers={"Accept-Encoding": "gzip"})
        sent = answer.get_data()
        total += len(sent)
        text = (gzip.decompress(sent) if answer.content_encoding == "gzip" else sent).decode()
        waiting += re.findall(r'(?:src|href)="(/static/[^"]+)"', text)
        waiting += [f"/static/{name}" for name in re.findall(r'from "\./([^"]+)"', text)]
    assert f"/static/{LIBRARY}" in seen
    assert len(seen) <= 20
    assert total < 200_000


def test_page_shows_names_as_text(world: World) -> None:
    ann = world.signed_in("ann")
    camera = world.add_camera("ann", name='<img src=x onerror="alert(1)">')
    page = ann.get(f"/cameras/{camera.id}").get_data(as_text=True)
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


def test_page_of_somebody_elses_camera_is_a_page_that_says_so(world: World) -> None:
    ann = world.signed_in("ann")
    world.add_user("bob")
    answer = ann.get(f"/cameras/{world.add_camera('bob').id}")
    assert (answer.status_code, answer.mimetype) == (404, "text/html")


# Settings


def test_settings_short_signing_key_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="LOOKOUT_SIGNING_KEY"):
        load_settings(ApiSettings, {"LOOKOUT_SIGNING_KEY": "short"})


@pytest.mark.parametrize("name", ["LOOKOUT_FOOTAGE_HOURS", "LOOKOUT_PLATE_HOURS"])
def test_settings_retention_shorter_than_the_log_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        load_settings(RetentionSettings, {name: "2"})
    assert load_settings(RetentionSettings, {name: "3"})
