import json
from pathlib import Path

import numpy as np
import pytest

from common.errors import ConfigurationError
from consumers.recognition.embedder import unit
from consumers.recognition.gallery import Gallery, KnownFaces

NETWORK, OTHER = "a" * 64, "b" * 64
EAST, NORTH = unit(np.array([1, 0, 0], np.float32)), unit(np.array([0, 1, 0], np.float32))


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    return Gallery(tmp_path / "gallery")


def test_enrolled_people_are_found_by_their_nearest_picture(gallery: Gallery) -> None:
    gallery.enrol("Ada", [EAST], NETWORK, 1)
    gallery.enrol("Ben", [NORTH, unit(np.array([0, 0, 1], np.float32))], NETWORK, 2)
    known = KnownFaces(gallery.people(), NETWORK)
    first, second = known.nearest(unit(np.array([0.1, 1, 0], np.float32)), 5)
    assert (first.name, second.name) == ("Ben", "Ada")
    assert first.distance < 0.01
    assert second.distance > 0.8


def test_same_name_gets_more_pictures(gallery: Gallery) -> None:
    first = gallery.enrol("Ada", [EAST], NETWORK, 1)
    second = gallery.enrol("Ada", [NORTH], NETWORK, 2)
    assert first.id == second.id
    assert [len(one.embeddings) for one in gallery.people()] == [2]


def test_vectors_of_another_network_say_nothing(gallery: Gallery) -> None:
    gallery.enrol("Ada", [EAST], NETWORK, 1)
    assert KnownFaces(gallery.people(), OTHER).nearest(EAST, 5) == []
    gallery.enrol("Ada", [NORTH], OTHER, 2)
    (person,) = gallery.people()
    assert (person.model_sha256, len(person.embeddings)) == (OTHER, 1)


def test_files_are_json_that_only_we_read(gallery: Gallery, tmp_path: Path) -> None:
    gallery.enrol("Ada", [EAST], NETWORK, 1)
    (path,) = (tmp_path / "gallery").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_bytes())["name"] == "Ada"


def test_deleted_person_leaves_a_receipt_and_nothing_else(gallery: Gallery, tmp_path: Path) -> None:
    gallery.enrol("Ada", [EAST], NETWORK, 1)
    gallery.enrol("Ben", [NORTH], NETWORK, 2)
    (receipt,) = gallery.delete("Ada", 3)
    assert gallery.prove(receipt)
    assert gallery.receipts() == [receipt]
    assert [one.name for one in gallery.people()] == ["Ben"]
    left = b"".join(path.read_bytes() for path in (tmp_path / "gallery").iterdir())
    assert b"Ada" not in left
    with pytest.raises(ConfigurationError, match="Nobody called 'Ada'"):
        gallery.delete("Ada", 4)


def test_proof_fails_while_a_copy_is_there(gallery: Gallery, tmp_path: Path) -> None:
    person = gallery.enrol("Ada", [EAST], NETWORK, 1)
    path = tmp_path / "gallery" / f"{person.id}.person.json"
    copy = path.read_bytes()
    (receipt,) = gallery.delete("Ada", 3)
    (tmp_path / "gallery" / "copied.person.json").write_bytes(copy)
    assert not gallery.prove(receipt)


def test_damaged_file_is_refused(gallery: Gallery, tmp_path: Path) -> None:
    gallery.enrol("Ada", [EAST], NETWORK, 1)
    (path,) = (tmp_path / "gallery").iterdir()
    path.write_text("{")
    with pytest.raises(ConfigurationError, match="damaged"):
        gallery.people()


@pytest.mark.parametrize("name", ["", "x" * 81])
def test_bad_name_is_refused(gallery: Gallery, name: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be enrolled"):
        gallery.enrol(name, [EAST], NETWORK, 1)
