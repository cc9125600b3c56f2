"""Plate text as it is compared: without spaces, dashes and case."""

import unicodedata


def plate_key(text: str) -> str:
    """Letters and digits of `text`, compatibility forms unified, upper case: `m-ab 1234` and `M·AB1234` are one."""
    plain = unicodedata.normalize("NFKC", text).upper()
    return "".join(c for c in plain if c.isalnum())
