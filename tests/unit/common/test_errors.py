"""Errors named for the reaction they call for."""

from common.errors import ConfigurationError, EncoderFailure, LookoutError, PoisonRecord, Transient


def test_poison_carries_its_reason() -> None:
    error = PoisonRecord("bad_jpeg", "cut at byte 7")
    assert (error.reason, error.detail, str(error)) == ("bad_jpeg", "cut at byte 7", "bad_jpeg: cut at byte 7")
    assert str(PoisonRecord("bad_jpeg")) == "bad_jpeg"


def test_no_reaction_is_a_kind_of_another() -> None:
    reactions = (PoisonRecord, Transient, ConfigurationError, EncoderFailure)
    for one in reactions:
        assert issubclass(one, LookoutError)
        assert [other for other in reactions if issubclass(one, other)] == [one]
