"""Reading the sidecar of a stored clip, and tombstones."""

import struct

import pytest

from common.contracts.object_metadata import ClipMetadata
from common.contracts.sidecar import Fate, Sidecar
from common.contracts.sidecar_box import pack_box
from common.errors import Transient
from common.storage.clips import TOMBSTONE_TYPE, VIDEO_TYPE, put_tombstone, read_sidecar, tombstone_of
from common.storage.memory import MemoryObjectStore
from common.storage.port import NotFound
from tests.unit.common.contracts.samples import ORIGIN, make_entry, make_sidecar

FILM = struct.pack(">I4s", 5_008, b"mdat") + bytes(5_000)


@pytest.fixture
def store() -> MemoryObjectStore:
    return MemoryObjectStore()


def put(store: MemoryObjectStore, sidecar: Sidecar) -> None:
    metadata = ClipMetadata.of(sidecar, len(FILM)).to_metadata()
    store.create(sidecar.clip_id.video_key, FILM + pack_box(sidecar), VIDEO_TYPE, metadata)


def test_a_sidecar_is_read_with_one_look_and_one_range(store: MemoryObjectStore) -> None:
    sidecar = make_sidecar(2_000)
    put(store, sidecar)
    found = read_sidecar(store, sidecar.clip_id)
    assert found.sidecar == sidecar
    assert (found.sidecar_at, found.size) == (len(FILM), len(FILM) + len(pack_box(sidecar)))
    assert not found.is_tombstone
    assert [name for name, _ in store.calls if name != "create"] == ["head", "read_range"]


def test_a_sidecar_is_found_without_metadata(store: MemoryObjectStore) -> None:
    sidecar = make_sidecar()
    put(store, sidecar)
    store.drop_metadata(sidecar.clip_id.video_key)
    assert read_sidecar(store, sidecar.clip_id).sidecar == sidecar


@pytest.mark.parametrize("at", ["0", "5", "999999", "-3"])
def test_metadata_that_points_elsewhere_is_not_believed(store: MemoryObjectStore, at: str) -> None:
    sidecar = make_sidecar()
    metadata = ClipMetadata.of(sidecar, 0).to_metadata() | {"sidecar-at": at}
    store.create(sidecar.clip_id.video_key, FILM + pack_box(sidecar), VIDEO_TYPE, metadata)
    found = read_sidecar(store, sidecar.clip_id)
    assert (found.sidecar, found.sidecar_at) == (sidecar, len(FILM))


def test_a_clip_without_sidecar_is_a_value_error(store: MemoryObjectStore) -> None:
    clip = make_sidecar().clip_id
    store.create(clip.video_key, FILM, VIDEO_TYPE)
    with pytest.raises(ValueError, match="no sidecar box"):
        read_sidecar(store, clip)


def test_what_is_not_there_is_not_found_and_what_does_not_answer_is_transient(store: MemoryObjectStore) -> None:
    clip = make_sidecar().clip_id
    with pytest.raises(NotFound):
        read_sidecar(store, clip)
    put(store, make_sidecar())
    store.fail_next("read_range", Transient("no answer"))
    with pytest.raises(Transient):
        read_sidecar(store, clip)


def test_a_tombstone_covers_and_holds_the_identities_and_shows_nothing(store: MemoryObjectStore) -> None:
    many = (*(make_entry(n) for n in range(3)), make_entry(3, Fate.DEAD_LETTER), make_entry(4, Fate.DUPLICATE))
    sidecar = make_sidecar().model_copy(update={"entries": many})
    put(store, sidecar)
    put_tombstone(store, sidecar, "expired")
    found = read_sidecar(store, sidecar.clip_id)
    assert found.is_tombstone
    tombstone = found.sidecar
    assert tombstone.covered_offsets(ORIGIN) == sidecar.covered_offsets(ORIGIN)
    assert tombstone.identities() == sidecar.identities()
    assert tombstone.counts() == sidecar.counts()
    assert (tombstone.detections, tombstone.sightings, tombstone.notes, tombstone.frame_count) == ((), (), (), 0)
    assert not any(entry.is_in_clip or entry.captured_us for entry in tombstone.entries)
    assert store.head(sidecar.clip_id.video_key).content_type == TOMBSTONE_TYPE
    assert tombstone.clip_id == sidecar.clip_id


def test_a_tombstone_of_a_tombstone_is_the_same() -> None:
    once = tombstone_of(make_sidecar(), "deleted")
    assert tombstone_of(once, "deleted") == once


def test_the_remainders_tombstone_lies_at_its_own_key(store: MemoryObjectStore) -> None:
    remainder = make_sidecar().model_copy(update={"remainder": 1})
    put(store, make_sidecar())
    put(store, remainder)
    put_tombstone(store, remainder, "deleted")
    assert read_sidecar(store, remainder.clip_id).is_tombstone
    assert not read_sidecar(store, make_sidecar().clip_id).is_tombstone
