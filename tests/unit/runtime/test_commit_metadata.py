"""The bytes beside a committed offset."""

import pytest

from consumers.runtime.commit_metadata import METADATA_MAX_BYTES, NAMED_MAX, CommitMetadata


def test_metadata_survives_its_text() -> None:
    metadata = CommitMetadata("AAAAAAAAAAAAAAAAAAAAAA", 1_700_000_000_000, 1_699_999_999_999, 3, {17: 2, 19: 1})
    assert CommitMetadata.from_text(metadata.to_text()) == metadata


def test_metadata_without_clock_survives_its_text() -> None:
    assert CommitMetadata.from_text(CommitMetadata("t").to_text()) == CommitMetadata("t")


def test_metadata_at_its_largest_fits_and_keeps_the_worst_offenders() -> None:
    named = {2**62 + n: 3 if n == 90 else 1 for n in range(100)}
    text = CommitMetadata("A" * 22, 2**45, 2**45, 10**6, named).to_text()
    assert len(text.encode()) <= METADATA_MAX_BYTES
    read = CommitMetadata.from_text(text)
    assert read is not None
    assert len(read.named) == NAMED_MAX
    assert read.named[2**62 + 90] == 3


@pytest.mark.parametrize(
    "text",
    ["", "{}", "null", "[1]", '{"v":2,"t":"x","c":1,"s":1}', '{"v":1}', "not json", '{"v":1,"t":"x","c":"a","s":1}'],
)
def test_metadata_of_somebody_else_is_none(text: str) -> None:
    assert CommitMetadata.from_text(text) is None
