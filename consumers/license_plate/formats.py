"""What plates look like, as data: a generic form, three countries as examples, and what is never a plate.

A pattern is a row of `A` (letter), `9` (digit) and `?` (either); anything else stands for itself. It is matched without
separators, in upper case. No regular expression comes from a person's settings.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

PATTERN_CHARS_MAX = 12
LETTER_FOR = {"0": "O", "1": "I", "2": "Z", "5": "S", "6": "G", "8": "B"}
DIGIT_FOR = {"O": "0", "Q": "0", "D": "0", "I": "1", "L": "1", "Z": "2", "S": "5", "G": "6", "B": "8", "T": "7"}
"""What a reader confuses; used only where a pattern says which of the two it must be."""


@dataclass(frozen=True, slots=True)
class PlateFormat:
    """`patterns` empty: `chars_min` to `chars_max` characters, usually at least `digits_min` of them digits."""

    name: str
    title: str
    patterns: tuple[str, ...] = ()
    chars_min: int = 5
    chars_max: int = 10
    digits_min: int = 2


GENERIC = "generic"
FORMATS = {
    entry.name: entry
    for entry in (
        PlateFormat(GENERIC, "Any: 5 to 10 letters and digits, two or more of them digits"),
        PlateFormat("br", "Brazil", ("AAA9999", "AAA9A99")),
        PlateFormat("ro", "Romania", ("AA99AAA", "A99AAA", "A999AAA")),
        PlateFormat("sk", "Slovakia", ("AA999AA",)),
    )
}

# Overlays, on the text as read: 2014-05-12, 12.05.2014, 06:36:16, 2014:06:36, 1-845-5900, 314-845-5900.
NEVER_PLATES = tuple(
    re.compile(pattern)
    for pattern in (
        r"(19|20)\d\d ?[-./:] ?\d{1,2} ?[-./:] ?\d{1,2}.*",
        r"\d{1,2} ?[-./] ?\d{1,2} ?[-./] ?(19|20)\d\d.*",
        r".*\d{1,2} ?: ?\d\d ?: ?\d\d.*",
        r"\d{1,2}[:.]\d\d( ?[AP]M)?",
        r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d*",
        r"(\+?\d{1,3}[-. ])?\(?\d{3}\)?[-. ]\d{3}[-. ]\d{4}",
        r"\d[-. ]\d{3}[-. ]\d{4}",
        # A piece of any of these: three groups of digits with a separator other than a space.
        r"[-./:]?\d+ ?[-./:] ?\d+ ?[-./:] ?\d*",
    )
)
NUMBER_GROUPS = re.compile(r"[-./:]? ?\d+ ?[-./:·] ?[\d ]*")
"""845-5900: a telephone number, a piece of a date, or a plate of digits with a hyphen, bolt or emblem between them."""


@dataclass(frozen=True, slots=True)
class PlateText:
    """`is_usual` False: looks like a plate only where a plate is sure to be: a personal one, or groups of digits.
    `is_mixed`: letters and at least one digit, and no groups of digits."""

    text: str
    is_usual: bool
    is_mixed: bool = False


def plain(text: str) -> str:
    """Upper case, letters and digits of ASCII only."""
    return "".join(c for c in text.upper() if c.isascii() and c.isalnum())


def as_plate(text: str, formats: Sequence[PlateFormat]) -> PlateText | None:
    """The plate that `text` is by the first format it fits, or None. Ambiguous characters follow a pattern."""
    if is_never_plate(text):
        return None
    characters = plain(text)
    for entry in formats:
        if entry.patterns:
            found = _by_patterns(characters, entry.patterns)
            if found is not None:
                return PlateText(found, is_usual=True)
        elif entry.chars_min <= len(characters) <= entry.chars_max:
            digits = sum(c.isdigit() for c in characters)
            is_number = NUMBER_GROUPS.fullmatch(_tidy(text)) is not None
            is_usual = digits >= entry.digits_min and not is_number
            is_mixed = not is_usual and not is_number and 0 < digits < len(characters)
            return PlateText(characters, is_usual, is_mixed)
    return None


def is_never_plate(text: str) -> bool:
    """Whether a text, separators included, is a date, a time or a telephone number."""
    return any(pattern.fullmatch(_tidy(text)) for pattern in NEVER_PLATES)


def _tidy(text: str) -> str:
    return " ".join(text.upper().split())


def check_pattern(pattern: str) -> str:
    """A person's own pattern as it is used. Raises ValueError with a sentence."""
    is_plain = all(c == "?" or (c.isascii() and c.isalnum()) for c in pattern)
    if not is_plain or not 2 <= len(pattern) <= PATTERN_CHARS_MAX:
        raise ValueError(f"A pattern is 2 to {PATTERN_CHARS_MAX} of A (letter), 9 (digit), ? (either), or themselves.")
    return pattern.upper()


def _by_patterns(characters: str, patterns: Sequence[str]) -> str | None:
    """As it is; else with ambiguous characters exchanged; else without one more at an end (country band, bolt)."""
    for candidate in (characters, characters[1:], characters[:-1]):
        for pattern in patterns:
            if _fits(candidate, pattern):
                return candidate
        for pattern in patterns:
            exchanged = _exchanged(candidate, pattern)
            if exchanged is not None:
                return exchanged
    return None


def _fits(characters: str, pattern: str) -> bool:
    return len(characters) == len(pattern) and all(_is(c, p) for c, p in zip(characters, pattern, strict=True))


def _is(character: str, place: str) -> bool:
    if place == "A":
        return character.isalpha()
    if place == "9":
        return character.isdigit()
    return place in ("?", character)


def _exchanged(characters: str, pattern: str) -> str | None:
    if len(characters) != len(pattern):
        return None
    out = []
    for character, place in zip(characters, pattern, strict=True):
        table = LETTER_FOR if place == "A" else DIGIT_FOR if place == "9" else {}
        fitting = character if _is(character, place) else table.get(character)
        if fitting is None:
            return None
        out.append(fitting)
    return "".join(out)
