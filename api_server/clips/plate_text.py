"""Plate text as it is compared: without spaces, dashes and case, and as cameras misread it."""

import re
import unicodedata

EDIT_FROM_CHARS = 4
"""From this length on one character may be wrong, missing or too many; shorter, half of all plates would fit."""
_ALIKE = {"O": "[O0]", "0": "[O0]", "I": "[I1]", "1": "[I1]"}
"""What no camera and no person tells apart for sure."""


def plate_key(text: str) -> str:
    """Letters and digits of `text`, compatibility forms unified, upper case: `m-ab 1234` and `M·AB1234` are one."""
    plain = unicodedata.normalize("NFKC", text).upper()
    return "".join(c for c in plain if c.isalnum())


def plate_pattern(text: str) -> str:
    """A regular expression for keys that contain `text`: O and 0, and I and 1, are the same, and from EDIT_FROM_CHARS
    characters on one edit (V. Levenshtein, 1966) is forgiven. No character of `text` is taken for an operator."""
    parts = [_ALIKE.get(c, re.escape(c)) for c in plate_key(text)]
    exact = "".join(parts)
    if len(parts) < EDIT_FROM_CHARS:
        return exact
    forgiving = [exact]
    for at in range(len(parts)):
        before, after = "".join(parts[:at]), "".join(parts[at + 1 :])
        forgiving.append(f"{before}.?{after}")  # another character, or none
        if at:
            forgiving.append(f"{before}.{parts[at]}{after}")  # one more
    return "|".join(forgiving)
