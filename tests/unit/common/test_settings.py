"""Reading settings from variables."""

from pathlib import Path

import pytest
from pydantic import Field, SecretStr

from common.errors import ConfigurationError
from common.settings import (
    KNOWN_VARIABLES,
    KafkaSettings,
    MongoSettings,
    PlaceSettings,
    Settings,
    StorageSettings,
    load_settings,
    redacted,
    refuse_unknown_variables,
)

SECRET = "correct horse battery"


def test_without_variables_the_native_servers_are_meant() -> None:
    assert load_settings(KafkaSettings, {}).client_config() == {
        "bootstrap.servers": "127.0.0.1:19092",
        "security.protocol": "PLAINTEXT",
    }
    storage = load_settings(StorageSettings, {})
    assert (storage.endpoint_url, storage.bucket, storage.public_endpoint_url) == (
        "http://127.0.0.1:9100",
        "lookout",
        None,
    )
    assert load_settings(MongoSettings, {}).url.get_secret_value() == "mongodb://127.0.0.1:27117/lookout"
    place = load_settings(PlaceSettings, {})
    assert (place.var_dir, place.disk_path, place.min_free_bytes) == (Path("var"), None, 2 * 1024**3)


def test_an_empty_variable_counts_as_unset() -> None:
    assert load_settings(KafkaSettings, {"KAFKA_BOOTSTRAP_SERVERS": ""}).bootstrap_servers == "127.0.0.1:19092"
    assert load_settings(StorageSettings, {"S3_PUBLIC_ENDPOINT_URL": ""}).public_endpoint_url is None


def test_sasl_goes_to_the_client() -> None:
    settings = load_settings(
        KafkaSettings,
        {
            "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA_SASL_MECHANISM": "PLAIN",
            "KAFKA_SASL_USERNAME": "me",
            "KAFKA_SASL_PASSWORD": SECRET,
        },
    )
    assert settings.client_config() == {
        "bootstrap.servers": "127.0.0.1:19092",
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "PLAIN",
        "sasl.username": "me",
        "sasl.password": SECRET,
    }


def test_a_topics_name_bears_the_prefix() -> None:
    assert load_settings(KafkaSettings, {"LOOKOUT_TOPIC_PREFIX": "test-"}).topic("frames") == "test-frames"


@pytest.mark.parametrize(
    ("kind", "environment", "names"),
    [
        (KafkaSettings, {"KAFKA_SECURITY_PROTOCOL": "TELNET"}, ["KAFKA_SECURITY_PROTOCOL"]),
        (KafkaSettings, {"LOOKOUT_MAX_FRAME_BYTES": "many"}, ["LOOKOUT_MAX_FRAME_BYTES"]),
        (KafkaSettings, {"LOOKOUT_MAX_FRAME_BYTES": "10"}, ["LOOKOUT_MAX_FRAME_BYTES"]),
        (KafkaSettings, {"LOOKOUT_MAX_FRAME_BYTES": "999999999"}, ["LOOKOUT_MAX_FRAME_BYTES"]),
        (KafkaSettings, {"LOOKOUT_TOPIC_PREFIX": "a b"}, ["LOOKOUT_TOPIC_PREFIX"]),
        (KafkaSettings, {"LOOKOUT_TOPIC_PREFIX": "x" * 65}, ["LOOKOUT_TOPIC_PREFIX"]),
        (KafkaSettings, {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}, ["KAFKA_SASL_MECHANISM"]),
        (KafkaSettings, {"KAFKA_SASL_MECHANISM": "PLAIN"}, ["KAFKA_SASL_MECHANISM"]),
        (StorageSettings, {"S3_ENDPOINT_URL": "localhost:9000"}, ["S3_ENDPOINT_URL"]),
        (StorageSettings, {"S3_BUCKET": "Upper"}, ["S3_BUCKET"]),
        (StorageSettings, {"S3_BUCKET": "a"}, ["S3_BUCKET"]),
        (StorageSettings, {"AWS_ACCESS_KEY_ID": "me"}, ["AWS_SECRET_ACCESS_KEY"]),
        (StorageSettings, {"AWS_SECRET_ACCESS_KEY": SECRET}, ["AWS_ACCESS_KEY_ID"]),
        (StorageSettings, {"S3_ENDPOINT_URL": "x", "S3_BUCKET": "X"}, ["S3_ENDPOINT_URL", "S3_BUCKET"]),
        (PlaceSettings, {"LOOKOUT_MIN_FREE_BYTES": "-1"}, ["LOOKOUT_MIN_FREE_BYTES"]),
    ],
)
def test_everything_that_is_wrong_is_named_at_once(
    kind: type[Settings], environment: dict[str, str], names: list[str]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(kind, environment)
    for name in names:
        assert name in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_refusal_never_shows_a_secret() -> None:
    class Strict(Settings):
        key: SecretStr = Field(alias="LOOKOUT_SIGNING_KEY", min_length=99)

    with pytest.raises(ConfigurationError) as caught:
        load_settings(Strict, {"LOOKOUT_SIGNING_KEY": SECRET})
    assert SECRET not in str(caught.value)
    assert SECRET not in repr(caught.value.__cause__)


def test_a_value_can_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET + "\n")
    settings = load_settings(StorageSettings, {"AWS_ACCESS_KEY_ID": "me", "AWS_SECRET_ACCESS_KEY_FILE": str(file)})
    assert settings.secret_access_key is not None
    assert settings.secret_access_key.get_secret_value() == SECRET
    own = {"AWS_ACCESS_KEY_ID": "me", "AWS_SECRET_ACCESS_KEY": "own", "AWS_SECRET_ACCESS_KEY_FILE": str(file)}
    assert load_settings(StorageSettings, own).secret_access_key == SecretStr("own")


def test_a_file_that_cannot_be_read_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="S3_BUCKET_FILE"):
        load_settings(StorageSettings, {"S3_BUCKET_FILE": str(tmp_path / "nothing")})


def test_unknown_variables_of_ours_are_refused_and_others_are_not() -> None:
    refuse_unknown_variables(dict.fromkeys(KNOWN_VARIABLES, "1") | {"PATH": "/bin", "KAFKA_HOME": "/opt"})
    refuse_unknown_variables({"LOOKOUT_SIGNING_KEY_FILE": "/run/secrets/key"})
    with pytest.raises(ConfigurationError, match="LOOKOUT_INGEST_PROT"):
        refuse_unknown_variables({"LOOKOUT_INGEST_PROT": "1"})
    refuse_unknown_variables({"LOOKOUT_EXTRA": "1"}, also_known=frozenset({"LOOKOUT_EXTRA"}))


def test_the_log_at_start_shows_no_secret() -> None:
    shown = redacted(
        load_settings(
            KafkaSettings,
            {
                "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
                "KAFKA_SASL_MECHANISM": "PLAIN",
                "KAFKA_SASL_USERNAME": "me",
                "KAFKA_SASL_PASSWORD": SECRET,
            },
        ),
        load_settings(
            StorageSettings,
            {
                "AWS_ACCESS_KEY_ID": "me",
                "AWS_SECRET_ACCESS_KEY": SECRET,
                "AWS_SESSION_TOKEN": SECRET,
                "S3_ENDPOINT_URL": f"http://me:{SECRET.replace(' ', '-')}@store:9000",
            },
        ),
        load_settings(MongoSettings, {"MONGODB_URL": f"mongodb://me:{SECRET}@db/lookout"}),
        load_settings(PlaceSettings, {}),
    )
    assert "battery" not in str(shown)
    assert shown["S3_ENDPOINT_URL"] == "http://***@store:9000"
    assert shown["KAFKA_SASL_PASSWORD"] == "**********"
    assert shown["KAFKA_SASL_USERNAME"] == "me"
    assert shown["LOOKOUT_VAR_DIR"] == "var"
    assert shown["LOOKOUT_MAX_FRAME_BYTES"] == 2 * 1024 * 1024


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        setattr(load_settings(KafkaSettings, {}), "topic_prefix", "x")  # noqa: B010
