"""What an S3 server's answers call for."""

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
    ResponseStreamingError,
    SSLError,
)

from common.errors import ConfigurationError, Transient
from common.storage.port import AlreadyExists, NotFound
from common.storage.s3_errors import translated


def raised(error: Exception) -> BaseException:
    with (
        pytest.raises((AlreadyExists, NotFound, ConfigurationError, Transient, ValueError)) as caught,
        translated("doing it"),
    ):
        raise error
    return caught.value


def answer(status: int, code: str = "", message: str = "") -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        "PutObject",
    )


@pytest.mark.parametrize(
    ("status", "code", "reaction"),
    [
        (412, "PreconditionFailed", AlreadyExists),
        (412, "412", AlreadyExists),
        (409, "ConditionalRequestConflict", Transient),
        (409, "OperationAborted", Transient),
        (404, "NoSuchKey", NotFound),
        (404, "404", NotFound),
        (404, "NoSuchBucket", ConfigurationError),
        (404, "XAdminUserNotFound", ConfigurationError),
        (416, "InvalidRange", ValueError),
        (403, "AccessDenied", ConfigurationError),
        (403, "InvalidAccessKeyId", ConfigurationError),
        (403, "SignatureDoesNotMatch", ConfigurationError),
        (403, "RequestTimeTooSkewed", ConfigurationError),
        (401, "Unauthorized", ConfigurationError),
        (400, "EntityTooLarge", ConfigurationError),
        (400, "InvalidRequest", ConfigurationError),
        (400, "RequestTimeout", Transient),
        (400, "IncompleteBody", Transient),
        (400, "BadDigest", Transient),
        (400, "ExpiredToken", Transient),
        (429, "TooManyRequests", Transient),
        (500, "InternalError", Transient),
        (501, "NotImplemented", ConfigurationError),
        (502, "", Transient),
        (503, "SlowDown", Transient),
        (301, "PermanentRedirect", Transient),
    ],
)
def test_each_answer_has_its_reaction(status: int, code: str, reaction: type[Exception]) -> None:
    error = raised(answer(status, code, "It said so."))
    assert type(error) is reaction
    assert str(error).startswith("doing it: It said so.")


@pytest.mark.parametrize(
    ("error", "reaction"),
    [
        (EndpointConnectionError(endpoint_url="http://s3"), Transient),
        (ConnectTimeoutError(endpoint_url="http://s3"), Transient),
        (ReadTimeoutError(endpoint_url="http://s3"), Transient),
        (ResponseStreamingError(error="cut"), Transient),
        (ConnectionResetError("reset"), Transient),
        (BrokenPipeError("pipe"), Transient),
        (SSLError(endpoint_url="https://s3", error=OSError("certificate")), ConfigurationError),
        (NoCredentialsError(), ConfigurationError),
        (ParamValidationError(report="non ascii"), ConfigurationError),
    ],
)
def test_no_answer_has_its_reaction(error: Exception, reaction: type[Exception]) -> None:
    assert type(raised(error)) is reaction


def test_what_is_not_the_stores_passes_through() -> None:
    with pytest.raises(KeyError), translated("doing it"):
        raise KeyError("ours")
