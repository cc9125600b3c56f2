"""A camera's place, kind and address: the address goes in, and never comes out."""

import logging
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from api_server.access.subject import Role
from api_server.cameras.address import KEY_FILE
from common.errors import ConfigurationError
from tests.unit.api_server.world import World

ADDRESS = "rtsp://viewer:s3cr3t-w0rd@192.0.2.77:554/stream?channel=9"
PARTS = ("s3cr3t-w0rd", "192.0.2.77", "channel=9", "viewer:")


def is_silent(text: str) -> bool:
    return not any(part in text for part in PARTS)


def test_camera_has_place_and_kind_which_can_be_changed(world: World) -> None:
    ann = world.signed_in("ann")
    made = ann.send("POST", "/v1/cameras", {"name": "Tür <✓>", "place": "  Hof, Süd ", "kind": "ip-camera"}).get_json()
    assert (made["place"], made["kind"], made["address"]) == ("Hof, Süd", "ip-camera", None)
    path = f"/v1/cameras/{made['id']}"
    changed = ann.send("PATCH", path, {"place": "", "kind": "webcam"}).get_json()
    assert (changed["name"], changed["place"], changed["kind"]) == ("Tür <✓>", "", "webcam")
    assert ann.send("PATCH", path, {"kind": "spoon"}).status_code == 400
    assert ann.send("PATCH", path, {"kind": None}).status_code == 400


def test_address_is_in_no_answer_topic_log_or_audit_entry_and_sealed_in_the_database(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ann, root = world.signed_in("ann"), world.signed_in("root", Role.ADMIN)
    made = ann.send("POST", "/v1/cameras", {"name": "Door", "address": ADDRESS})
    path = f"/v1/cameras/{made.get_json()['id']}"
    said = [
        made,
        ann.get(path),
        ann.get("/v1/cameras"),
        root.get(path),
        ann.get(path.replace("/v1", "")),
        root.get("/v1/audit"),
    ]
    said += [ann.send("PATCH", path, {"address": ADDRESS + "0"}), ann.get("/v1/status")]
    for answer in said:
        assert answer.status_code in (200, 201)
        assert is_silent(answer.get_data(as_text=True))
    assert made.get_json()["address"] == "rtsp://•••"
    assert is_silent(repr(world.database.snapshot()))
    assert is_silent("".join(str(record.value) for record in world.cluster.records("camera-settings")))
    assert is_silent(caplog.text)
    camera = world.cameras.get(made.get_json()["id"])
    assert camera is not None
    assert world.seal.open(camera.address_sealed) == ADDRESS + "0"
    assert camera.address_sealed not in repr(camera)


def test_address_is_replaced_and_cleared_and_left_alone_by_other_changes(world: World) -> None:
    ann = world.signed_in("ann")
    camera = world.add_camera("ann")
    path = f"/v1/cameras/{camera.id}"
    assert ann.send("PATCH", path, {"address": "https://cam.example.org/mjpeg"}).get_json()["address"] == "https://•••"
    assert ann.send("PATCH", path, {"name": "Gate"}).get_json()["address"] == "https://•••"
    assert ann.send("PATCH", path, {"address": None}).get_json()["address"] is None
    known = world.cameras.get(camera.id)
    assert known is not None
    assert known.address_sealed == ""


@pytest.mark.parametrize(
    "address",
    ["", "rtsp://", "file:///etc/passwd", "192.0.2.77:554", "rtsp://a b/", "rtsp://h:99999/s3cr3t-w0rd", "x" * 1001, 5],
)
def test_address_that_is_none_is_refused_without_repeating_it(world: World, address: object) -> None:
    answer = world.signed_in("ann").send("POST", "/v1/cameras", {"name": "Door", "address": address})
    assert answer.status_code == 400
    assert "s3cr3t-w0rd" not in answer.get_data(as_text=True)
    assert "address" in answer.get_json()["message"]


def test_address_key_is_its_owners_alone_and_another_key_is_told(world: World, tmp_path: Path) -> None:
    world.signed_in("ann").send("POST", "/v1/cameras", {"name": "Door", "address": ADDRESS})
    (camera,) = world.cameras.active()
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
    (tmp_path / KEY_FILE).write_bytes(Fernet.generate_key())
    with pytest.raises(ConfigurationError, match="not the key that sealed the addresses"):
        World(tmp_path).seal.open(camera.address_sealed)
