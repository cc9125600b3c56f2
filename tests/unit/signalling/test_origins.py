"""Which pages may ask."""

import pytest

from signalling.origins import Origin, is_allowed_origin, parse_origin


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("http://cameras.example", Origin("http", "cameras.example", 80)),
        ("https://Cameras.Example", Origin("https", "cameras.example", 443)),
        ("http://127.0.0.1:8000", Origin("http", "127.0.0.1", 8000)),
        ("http://[::1]:8000", Origin("http", "::1", 8000)),
        ("", None),
        ("null", None),
        ("file://", None),
        ("ftp://host", None),
        ("http://", None),
        ("http://host/", None),
        ("http://host?x", None),
        ("http://user@host", None),
        ("http://host:port", None),
        ("http://host:99999", None),
        ("http://[::1", None),
    ],
)
def test_origin_is_read_or_refused(text: str, origin: Origin | None) -> None:
    assert parse_origin(text) == origin


@pytest.mark.parametrize(
    ("origin", "host", "is_allowed"),
    [
        (None, "here:8090", True),
        ("http://here:8000", "here:8090", True),
        ("https://HERE:8000", "here:8090", True),
        ("http://[::1]:8000", "[::1]:8090", True),
        ("http://here:8090", "here:8090", False),
        ("http://here", "here:8090", False),
        ("http://there:8000", "here:8090", False),
        ("http://here.evil.example:8000", "here:8090", False),
        ("http://here:8000", "", False),
        ("null", "here:8090", False),
        ("", "here:8090", False),
        ("https://cameras.example", "live.example", True),
        ("http://cameras.example", "live.example", False),
    ],
)
def test_origin_of_our_page_is_allowed_and_no_other(origin: str | None, host: str, is_allowed: bool) -> None:
    assert is_allowed_origin(origin, host, 8000, ("https://cameras.example",)) is is_allowed
