"""When a request is worth a thread."""

import pytest

from producer_service.arrival import BODY_AWAITED_MAX_BYTES, HEAD_MAX_BYTES, HeadTooLong, bytes_needed

POST = b"POST /v1/cameras/x/frames HTTP/1.1\r\nHost: x\r\n"


def head(*lines: bytes) -> bytes:
    return POST + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


@pytest.mark.parametrize("seen", [b"P", POST, POST + b"\r"])
def test_needed_for_part_of_a_head_is_one_more_byte(seen: bytes) -> None:
    assert bytes_needed(seen) == len(seen) + 1


def test_needed_without_a_body_is_the_head() -> None:
    assert bytes_needed(head()) == len(head())
    assert bytes_needed(head() + b"GET /next") == len(head())


@pytest.mark.parametrize("name", [b"Content-Length", b"content-length", b"CONTENT-LENGTH"])
def test_needed_with_a_body_is_head_and_body(name: bytes) -> None:
    whole = head(name + b": 30000")
    assert bytes_needed(whole + b"abc") == len(whole) + 30_000


@pytest.mark.parametrize(
    "lines",
    [
        (b"Content-Length: %d" % (BODY_AWAITED_MAX_BYTES + 1),),
        (b"Content-Length: 99999999999999999999",),
        (b"Content-Length: -5",),
        (b"Content-Length: 5", b"Expect: 100-continue"),
        (b"Transfer-Encoding: chunked",),
        (b"X-Content-Length: 5",),
    ],
)
def test_needed_when_the_body_is_not_awaited_is_the_head(lines: tuple[bytes, ...]) -> None:
    assert bytes_needed(head(*lines)) == len(head(*lines))


def test_needed_does_not_take_a_length_from_the_body() -> None:
    assert bytes_needed(head() + b"\r\nContent-Length: 500\r\n\r\n") == len(head())


def test_head_without_end_is_refused() -> None:
    assert bytes_needed(b"x" * (HEAD_MAX_BYTES - 1)) == HEAD_MAX_BYTES
    with pytest.raises(HeadTooLong):
        bytes_needed(b"x" * HEAD_MAX_BYTES)
