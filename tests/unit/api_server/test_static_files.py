"""What the page is made of: found in its package, packed once, told apart by its coding."""

import gzip

import pytest

from api_server.http.static_files import LIBRARY, StaticFile, library_path, read_static
from common.errors import ConfigurationError
from tests.unit.api_server.world import World

PATH = f"/static/{LIBRARY}"


def test_stylesheet_comes_from_its_package_and_is_packed(world: World) -> None:
    client = world.app.test_client()
    plain = client.get(PATH)
    packed = client.get(PATH, headers={"Accept-Encoding": "br, gzip;q=0.5"})
    assert plain.get_data() == library_path().read_bytes() == gzip.decompress(packed.get_data())
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"
    assert plain.mimetype == packed.mimetype == "text/css"
    assert len(packed.get_data()) < 40_000


@pytest.mark.parametrize("accepted", ["", "identity", "gzip;q=0", "br"])
def test_who_does_not_take_gzip_gets_it_plain(world: World, accepted: str) -> None:
    answer = world.app.test_client().get(PATH, headers={"Accept-Encoding": accepted})
    assert answer.status_code == 200
    assert "Content-Encoding" not in answer.headers


def test_what_a_browser_has_is_not_sent_again_and_the_other_coding_is_another_thing(world: World) -> None:
    client = world.app.test_client()
    packed = client.get(PATH, headers={"Accept-Encoding": "gzip"})
    etag = packed.headers["ETag"]
    again = client.get(PATH, headers={"Accept-Encoding": "gzip", "If-None-Match": etag})
    assert (again.status_code, again.get_data(), again.headers["Vary"]) == (304, b"", "Accept-Encoding")
    assert client.get(PATH, headers={"If-None-Match": etag}).status_code == 200


def test_etag_changes_with_the_content() -> None:
    one, other = (StaticFile.of(content, "text/css") for content in (b"a{}", b"b{}"))
    assert one.digest != other.digest
    assert one.packed is None


def test_only_named_files_are_there() -> None:
    files = read_static()
    assert {LIBRARY, "base.css", "shell.js", "icon.svg"} <= set(files)
    assert all(name.endswith((".js", ".css", ".svg")) for name in files)


def test_missing_package_is_told_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match="bootstrap-flask"):
        library_path()
