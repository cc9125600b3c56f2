"""The metadata of a stored clip."""

import pytest

from common.contracts.object_metadata import ClipMetadata
from tests.unit.common.contracts.samples import make_sidecar


def test_metadata_round_trips() -> None:
    metadata = ClipMetadata.of(make_sidecar(5), sidecar_at=12_345)
    assert metadata.to_metadata() == {
        "topic-id": "1Yw1GQFkRq-8LkMH2eSQHA",
        "partition": "3",
        "first-offset": "0",
        "last-offset": "4",
        "frame-count": "5",
        "sidecar-at": "12345",
        "tombstone": "0",
    }
    assert ClipMetadata.from_metadata(metadata.to_metadata()) == metadata


def test_a_tombstones_metadata_says_so() -> None:
    tombstone = make_sidecar().model_copy(update={"tombstone": "expired"})
    metadata = ClipMetadata.of(tombstone, 0).to_metadata()
    assert metadata["tombstone"] == "1"
    assert ClipMetadata.from_metadata(metadata).is_tombstone


def test_names_and_values_are_plain_ascii_as_s3_demands() -> None:
    for name, value in ClipMetadata.of(make_sidecar(), 7).to_metadata().items():
        assert name == name.lower()
        assert (name + value).isascii()


NAMES = ["topic-id", "partition", "first-offset", "last-offset", "frame-count", "sidecar-at"]


@pytest.mark.parametrize("name", NAMES)
def test_metadata_with_a_name_missing_is_refused(name: str) -> None:
    metadata = ClipMetadata.of(make_sidecar(), 7).to_metadata()
    del metadata[name]
    with pytest.raises(ValueError, match="not a clip's metadata"):
        ClipMetadata.from_metadata(metadata)


@pytest.mark.parametrize("name", NAMES[1:])
@pytest.mark.parametrize("value", ["x", ""])
def test_metadata_whose_numbers_are_none_is_refused(name: str, value: str) -> None:
    metadata = ClipMetadata.of(make_sidecar(), 7).to_metadata() | {name: value}
    with pytest.raises(ValueError, match="not a clip's metadata"):
        ClipMetadata.from_metadata(metadata)
