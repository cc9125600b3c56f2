"""Settings of the signalling server."""

import pytest

from common.errors import ConfigurationError
from common.settings import load_settings, redacted
from signalling.settings import SignallingSettings

KEY = {"LOOKOUT_SIGNING_KEY": "0123456789abcdef"}


def test_settings_have_the_documented_defaults_and_hide_the_key() -> None:
    settings = load_settings(SignallingSettings, KEY)
    assert (settings.bind, settings.port, settings.page_port) == ("127.0.0.1", 8090, 8000)
    assert settings.signing_key_bytes == b"0123456789abcdef"
    assert settings.further_origins == ()
    assert "0123456789abcdef" not in str(redacted(settings))


def test_settings_take_further_origins() -> None:
    settings = load_settings(SignallingSettings, KEY | {"LOOKOUT_PAGE_ORIGINS": "https://a.example, http://b:8000,"})
    assert settings.further_origins == ("https://a.example", "http://b:8000")


@pytest.mark.parametrize(
    "environment",
    [{}, {"LOOKOUT_SIGNING_KEY": "short"}, KEY | {"LOOKOUT_PAGE_ORIGINS": "*"}, KEY | {"LOOKOUT_SIGNALLING_PORT": "0"}],
)
def test_settings_that_cannot_be_are_refused(environment: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        load_settings(SignallingSettings, environment)
