"""The address of a broker: its settings, and the secrets in them."""

import pytest

from orderledger import InvalidSetting
from orderledger.analytics.relay.target import target_of
from orderledger.infrastructure.secrecy import masked


@pytest.mark.parametrize(
    ("setting", "is_secret"),
    [
        ("ssl.key.password", True),
        ("sasl.oauthbearer.client.secret", True),
        ("client.id", False),
        ("compression.type", False),
    ],
)
def test_a_setting_that_is_a_secret_is_never_shown(setting: str, is_secret: bool) -> None:
    value = f"value-of-{setting}-0123456789"
    target = target_of(f"kafka://broker:9092/orders?{setting}={value}")
    assert target.settings == {setting: value}
    assert (value in masked(f"it was {value}")) is not is_secret


def test_nats_takes_no_settings_and_kafka_may_have_none() -> None:
    with pytest.raises(InvalidSetting, match="client.id is not allowed"):
        target_of("nats://broker:4222/orders?client.id=x")
    assert target_of("nats://broker:4222/orders").settings == {}
    assert target_of("kafka://broker:9092/orders").settings == {}
