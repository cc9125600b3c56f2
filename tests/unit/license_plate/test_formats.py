"""What a plate looks like, and what never is one."""

import pytest

from consumers.license_plate.formats import (
    FORMATS,
    GENERIC,
    PlateFormat,
    PlateText,
    as_plate,
    check_pattern,
    is_never_plate,
)

ANY = (FORMATS[GENERIC],)


@pytest.mark.parametrize(
    ("text", "plate"),
    [
        ("AB-123 CD", "AB123CD"),
        ("b 99 bnx", "B99BNX"),
        ("7ABC123", "7ABC123"),
        ("RK·857AI", "RK857AI"),
        ("MH 12 DE 1433", "MH12DE1433"),
    ],
)
def test_generic_reads_letters_and_digits(text: str, plate: str) -> None:
    assert as_plate(text, ANY) == PlateText(plate, is_usual=True)


@pytest.mark.parametrize(
    "text",
    [
        "2014-05-12", "2014.05.12", "2014/5/12 06:36:16", "12.05.2014", "12-5-2014", "06:36:16", "6:36 PM", "06:36",
        "20140512", "2014-05-13 08:50:27", "014-05-13 06:13:37", "314-845-5900", "1-845-5900", "-05-12", "01-31-",
        "+1 314-845-5900", "", "AB1", "TOO LONG A TEXT 12", "ÄÖÜ12",
    ],
)  # fmt: skip
def test_overlays_and_other_text_are_no_plates(text: str) -> None:
    assert as_plate(text, ANY) is None


@pytest.mark.parametrize("text", ["GWAGEN", "CCLVN3", "463-9520", "463 · 9520"])
def test_personal_plates_and_groups_of_digits_are_unusual(text: str) -> None:
    plate = as_plate(text, ANY)
    assert plate is not None
    assert not plate.is_usual


def test_never_plate_is_told_from_the_text_as_read() -> None:
    assert is_never_plate("2014-05-12")
    assert not is_never_plate("AB-12-CD")
    assert not is_never_plate("4639520")


@pytest.mark.parametrize(
    ("name", "text", "plate"),
    [
        ("br", "ABC-1234", "ABC1234"),
        ("br", "ABC1D23", "ABC1D23"),
        ("br", "A8C-I234", "ABC1234"),
        ("ro", "BR 07 AAC", "BR07AAC"),
        ("ro", "BRO7AAC", "BR07AAC"),
        ("ro", "B305CIL", "B305CIL"),
        ("sk", "SRK-867AD", "RK867AD"),
        ("sk", "BA:2681M", "BA268IM"),
    ],
)
def test_country_pattern_settles_what_a_reader_confuses(name: str, text: str, plate: str) -> None:
    assert as_plate(text, (FORMATS[name],)) == PlateText(plate, is_usual=True)


@pytest.mark.parametrize(("name", "text"), [("br", "AB12CDE"), ("ro", "1234567"), ("sk", "KK")])
def test_country_pattern_refuses_another_form(name: str, text: str) -> None:
    assert as_plate(text, (FORMATS[name],)) is None


def test_formats_are_tried_in_order() -> None:
    assert as_plate("SRK-867AD", (FORMATS["sk"], *ANY)) == PlateText("RK867AD", is_usual=True)
    assert as_plate("SRK-867AD", (*ANY, FORMATS["sk"])) == PlateText("SRK867AD", is_usual=True)


def test_own_pattern_may_fix_characters() -> None:
    own = PlateFormat("own", "own", (check_pattern("TX-999".replace("-", "")),))
    assert as_plate("tx 123", (own,)) == PlateText("TX123", is_usual=True)
    assert as_plate("TY 123", (own,)) is None


@pytest.mark.parametrize("pattern", ["A", "", "A" * 13, "AA-99", "A*9", "Ä99"])
def test_bad_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="A pattern is"):
        check_pattern(pattern)
