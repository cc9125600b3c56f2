"""What botocore raises, as the reactions of `common.errors`."""

import contextlib
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    InvalidEndpointConfigurationError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    SSLError,
)
from urllib3.exceptions import HTTPError

from common.errors import ConfigurationError, LookoutError, Transient
from common.storage.port import AlreadyExists, NotFound

_NEEDS_A_PERSON = (
    CredentialRetrievalError,
    InvalidEndpointConfigurationError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    SSLError,
)
_WORTH_ANOTHER_TRY = frozenset({"BadDigest", "IncompleteBody", "RequestTimeout", "SlowDown", "ExpiredToken"})
"""Codes that come with a status of 400 or 403 and nevertheless may pass by themselves."""

_MISSING_BUT_NO_OBJECT = frozenset({"NoSuchBucket", "XAdminUserNotFound"})
"""Codes of a 404 that speak of something else than the object. The second is how versitygw refuses an unknown key."""


@contextlib.contextmanager
def translated(doing: str) -> Iterator[None]:
    """Around one call: raises AlreadyExists, NotFound, ConfigurationError, Transient, and ValueError for a range
    outside the object. `doing`: a gerund and its object."""
    try:
        yield
    except ClientError as error:
        raise error_of(error, doing) from error
    except _NEEDS_A_PERSON as error:
        raise ConfigurationError(f"{doing}: {error}") from error
    except (BotoCoreError, HTTPError, OSError) as error:
        raise Transient(f"{doing}: {error}") from error


def error_of(error: ClientError, doing: str) -> LookoutError | ValueError:
    """The reaction to an answer of the server."""
    response: Any = error.response
    code = str(response.get("Error", {}).get("Code", ""))
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    sentence = f"{doing}: {response.get('Error', {}).get('Message') or 'refused'} ({code or status})"
    if status == 412:
        return AlreadyExists(sentence)
    if status == 409:  # another conditional write of the same key is under way (ConditionalRequestConflict)
        return Transient(sentence)
    if status == 416:
        return ValueError(sentence)
    if code in _MISSING_BUT_NO_OBJECT:
        return ConfigurationError(sentence)
    if status == 404:
        return NotFound(sentence)
    if status == 429 or status >= 500 or code in _WORTH_ANOTHER_TRY:
        return ConfigurationError(sentence) if status == 501 else Transient(sentence)
    if 400 <= status < 500:  # denied, wrong key, wrong signature, too large, not understood
        return ConfigurationError(sentence)
    return Transient(sentence)
