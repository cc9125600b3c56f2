"""Links that browsers follow, signed without asking anybody."""

from urllib.parse import parse_qs, urlsplit

import pytest

from common.settings import StorageSettings, load_settings
from common.storage.s3 import PRESIGN_MAX_S, S3ObjectStore

KEY = "clips/emotion/demo-face/2026/01/02/1767312000000_10000~1.mp4"


def open_store(**environment: str) -> S3ObjectStore:
    keys = {"AWS_ACCESS_KEY_ID": "me", "AWS_SECRET_ACCESS_KEY": "secret", "S3_BUCKET": "lookout"}
    return S3ObjectStore(load_settings(StorageSettings, keys | environment))


def query_of(link: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}


def test_a_link_names_the_public_address_and_not_the_inner_one() -> None:
    store = open_store(S3_ENDPOINT_URL="http://10.0.0.5:9000", S3_PUBLIC_ENDPOINT_URL="https://video.example.org")
    link = store.presign(KEY, 300)
    assert link is not None
    assert urlsplit(link)[:2] == ("https", "video.example.org")
    assert urlsplit(link).path == f"/lookout/{KEY}"
    query = query_of(link)
    assert query["X-Amz-Expires"] == "300"
    assert query["X-Amz-SignedHeaders"] == "host"
    assert query["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
    assert "secret" not in link


def test_without_a_public_address_there_is_no_link() -> None:
    assert open_store().presign(KEY, 300) is None


@pytest.mark.parametrize("seconds", [0, -1, PRESIGN_MAX_S + 1])
def test_a_link_lasts_neither_nothing_nor_for_ever(seconds: int) -> None:
    store = open_store(S3_PUBLIC_ENDPOINT_URL="https://video.example.org")
    with pytest.raises(ValueError, match="seconds"):
        store.presign(KEY, seconds)


def test_a_download_name_cannot_leave_its_header() -> None:
    store = open_store(S3_PUBLIC_ENDPOINT_URL="https://video.example.org")
    link = store.presign(KEY, 300, download_name='a"; filename="../../x\r\nSet-Cookie: b.mp4')
    assert link is not None
    disposition = query_of(link)["response-content-disposition"]
    assert disposition == 'attachment; filename="a_filename_.._.._x_Set-Cookie_b.mp4"'


def test_keys_lent_for_a_while_bring_their_token() -> None:
    store = open_store(S3_PUBLIC_ENDPOINT_URL="https://video.example.org", AWS_SESSION_TOKEN="lent")
    link = store.presign(KEY, 300)
    assert link is not None
    assert query_of(link)["X-Amz-Security-Token"] == "lent"


@pytest.mark.parametrize(("start", "end"), [(-1, None), (-5, 3), (5, 4)])
def test_a_range_that_is_none_is_refused_before_asking(start: int, end: int | None) -> None:
    with pytest.raises(ValueError, match="no range"):
        open_store().read_range(KEY, start, end)
