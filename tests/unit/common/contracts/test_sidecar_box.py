"""The sidecar inside the MP4 file."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.contracts import sidecar_box
from common.contracts.sidecar import Sidecar
from common.contracts.sidecar_box import DEFLATE_OVER_BYTES, SIDECAR_UUID, find_box, pack_box, unpack_box
from tests.unit.common.contracts.samples import make_sidecar, sidecars

SMALL, LARGE = make_sidecar(3), make_sidecar(2_000)


def box(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(payload), kind) + payload


def film(sidecar: Sidecar) -> bytes:
    return box(b"ftyp", b"isom" * 4) + box(b"moov", bytes(5_000)) + box(b"mdat", bytes(20_000)) + pack_box(sidecar)


@given(sidecars)
def test_boxes_round_trip(sidecar: Sidecar) -> None:
    assert unpack_box(pack_box(sidecar)) == sidecar


def test_a_small_sidecar_is_plain_json_in_a_uuid_box() -> None:
    packed = pack_box(SMALL)
    assert packed[:4] == len(packed).to_bytes(4, "big")
    assert packed[4:8] == b"uuid"
    assert packed[8:24] == SIDECAR_UUID.bytes
    assert packed[24:] == SMALL.to_json()


def test_a_large_sidecar_is_deflated() -> None:
    packed = pack_box(LARGE)
    assert len(LARGE.to_json()) > DEFLATE_OVER_BYTES > len(packed)
    assert packed[24:25] == b"\x78"
    assert unpack_box(packed) == LARGE


@pytest.mark.parametrize("sidecar", [SMALL, LARGE])
def test_a_cut_box_is_refused_wherever_it_is_cut(sidecar: Sidecar) -> None:
    packed = pack_box(sidecar)
    for length in [*range(40), len(packed) // 2, len(packed) - 5, len(packed) - 1]:
        with pytest.raises(ValueError, match=r"."):
            unpack_box(packed[:length])
        if length >= 24:  # also when the box says of itself that it is so short
            with pytest.raises(ValueError, match=r"."):
                unpack_box(struct.pack(">I", length) + packed[4:length])


def test_a_box_with_something_behind_it_is_refused() -> None:
    with pytest.raises(ValueError, match="not a sidecar box"):
        unpack_box(pack_box(SMALL) + b"x")


def test_another_kind_of_box_is_refused() -> None:
    packed = pack_box(SMALL)
    for other in (packed[:4] + b"free" + packed[8:], packed[:8] + bytes(16) + packed[24:]):
        with pytest.raises(ValueError, match="not a sidecar box"):
            unpack_box(other)


def test_a_payload_that_is_no_sidecar_is_refused() -> None:
    for payload in (
        b"",
        b"{}",
        b"[]",
        b"null",
        b'{"v":1',
        b"\x78\x9cnonsense",
        zlib.compress(b"{}"),
        zlib.compress(b"\xff"),
    ):
        whole = struct.pack(">I4s16s", 24 + len(payload), b"uuid", SIDECAR_UUID.bytes) + payload
        with pytest.raises(ValueError, match=r"."):
            unpack_box(whole)


def test_a_payload_that_inflates_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sidecar_box, "SIDECAR_MAX_BYTES", 100_000)
    payload = zlib.compress(bytes(5_000_000))
    whole = struct.pack(">I4s16s", 24 + len(payload), b"uuid", SIDECAR_UUID.bytes) + payload
    with pytest.raises(ValueError, match="cut or too large"):
        unpack_box(whole)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        unpack_box(data)
    with pytest.raises(ValueError, match="no sidecar box"):
        find_box(data)


@pytest.mark.parametrize("sidecar", [SMALL, LARGE])
def test_the_box_is_found_behind_the_film(sidecar: Sidecar) -> None:
    data = film(sidecar)
    at = find_box(data)
    assert at == len(data) - len(pack_box(sidecar))
    assert unpack_box(data[at:]) == sidecar


def test_boxes_of_64_bit_length_and_other_uuids_are_walked_over() -> None:
    wide = struct.pack(">I4sQ", 1, b"mdat", 16 + 5_000) + bytes(5_000)
    other = box(b"uuid", bytes(16) + b"{}")
    data = box(b"ftyp", b"isom") + wide + other + pack_box(SMALL)
    assert unpack_box(data[find_box(data) :]) == SMALL


def test_a_uuid_inside_the_picture_data_is_not_taken_for_the_box() -> None:
    data = box(b"mdat", pack_box(LARGE)) + pack_box(SMALL)
    assert unpack_box(data[find_box(data) :]) == SMALL


@pytest.mark.parametrize(
    "data",
    [
        b"",
        box(b"ftyp", b"isom"),
        struct.pack(">I4s", 0, b"mdat") + pack_box(SMALL),
        struct.pack(">I4s", 7, b"mdat") + pack_box(SMALL),
        struct.pack(">I4s", 2**31, b"mdat") + pack_box(SMALL),
        struct.pack(">I4sQ", 1, b"mdat", 2**63) + pack_box(SMALL),
        struct.pack(">I4sQ", 1, b"mdat", 3) + pack_box(SMALL),
    ],
)
def test_a_file_whose_boxes_lead_nowhere_has_none(data: bytes) -> None:
    with pytest.raises(ValueError, match="no sidecar box"):
        find_box(data)
