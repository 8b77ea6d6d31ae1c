"""One setting says on which network a venue is: a token never goes to a host that it is not for."""

from pathlib import Path
from typing import Any

import pytest

from orderledger import InvalidSetting
from orderledger.venues.base.networks import Networks
from orderledger.venues.collecting.settings import CollectSettings
from orderledger.venues.hyperliquid.settings import NETWORKS as HYPERLIQUID
from orderledger.venues.lighter.settings import NETWORKS as LIGHTER
from orderledger.venues.tradier.settings import NETWORKS as TRADIER
from orderledger.venues.tradier.settings import TradierSettings
from tests.venues.collecting.wrong_settings import HOME, OK
from tests.venues.collecting.wrong_settings import LIGHTER as LIGHTER_SECTION
from tests.venues.collecting.wrong_settings import TRADIER as TRADIER_SECTION

SECTIONS = {"hyperliquid": OK, "lighter": LIGHTER_SECTION, "tradier": f"{TRADIER_SECTION}{HOME}"}
NETWORKS: dict[str, Networks] = {"hyperliquid": HYPERLIQUID, "lighter": LIGHTER, "tradier": TRADIER}
EVERY = [(venue, network) for venue, networks in NETWORKS.items() for network in networks.known]


def read(folder: Path, venue: str, *settings: str) -> Any:
    path = folder / "orderledger.toml"
    path.write_text(SECTIONS[venue] + "\n".join(settings))
    (told,) = CollectSettings.read(path).venues
    return told


def addresses(told: Any) -> tuple[str, str, str]:
    return told.network, told.url, told.websocket_url


@pytest.mark.parametrize(("venue", "network"), EVERY)
def test_whatever_is_given_of_a_network_the_rest_follows(
    tmp_path: Path, venue: str, network: str
) -> None:
    known = NETWORKS[venue][network]
    expected = (network, known.url, known.websocket_url)
    url, websocket_url = f'url = "{known.url}"', f'websocket_url = "{known.websocket_url}"'
    for given in (
        (f'network = "{network}"',),
        (url,),
        (websocket_url,),
        (url, websocket_url),
        (f'network = "{network}"', url),
    ):
        assert addresses(read(tmp_path, venue, *given)) == expected


@pytest.mark.parametrize("venue", SECTIONS)
def test_without_a_word_it_is_the_real_one(tmp_path: Path, venue: str) -> None:
    assert addresses(read(tmp_path, venue))[0] in ("mainnet", "live")


@pytest.mark.parametrize(
    ("venue", "url", "websocket_url"),
    [
        ("hyperliquid", "http://127.0.0.1:81", "ws://127.0.0.1:81/ws"),
        ("lighter", "https://proxy.invalid/", "wss://proxy.invalid/stream"),
        ("tradier", "http://127.0.0.1:83/v1", "ws://127.0.0.1:83/v1/accounts/events"),
    ],
)
def test_an_address_of_our_own_takes_the_websocket_along(
    tmp_path: Path, venue: str, url: str, websocket_url: str
) -> None:
    assert addresses(read(tmp_path, venue, f'url = "{url}"'))[1:] == (url, websocket_url)
    assert NETWORKS[venue].websocket_url(url) == websocket_url
    other = 'websocket_url = "ws://127.0.0.1:99/elsewhere"'
    assert (
        addresses(read(tmp_path, venue, f'url = "{url}"', other))[2]
        == "ws://127.0.0.1:99/elsewhere"
    )


@pytest.mark.parametrize(("more", "allowed"), [("", 60), ("requests_per_minute = 30", 30)])
def test_the_sandbox_allows_fewer_questions(tmp_path: Path, more: str, allowed: int) -> None:
    told = read(tmp_path, "tradier", 'url = "https://sandbox.tradier.com/v1"', more)
    assert isinstance(told, TradierSettings)
    assert told.requests_per_minute == allowed
    assert read(tmp_path, "tradier").requests_per_minute == 120


@pytest.mark.parametrize(
    ("venue", "given", "field"),
    [
        ("hyperliquid", ('network = "testnet"', f'url = "{HYPERLIQUID["mainnet"].url}"'), "url"),
        (
            "lighter",
            (
                f'url = "{LIGHTER["testnet"].url}"',
                f'websocket_url = "{LIGHTER["mainnet"].websocket_url}"',
            ),
            "websocket_url",
        ),
        (
            "lighter",
            (
                'url = "http://127.0.0.1:81"',
                f'websocket_url = "{LIGHTER["mainnet"].websocket_url}"',
            ),
            "websocket_url",
        ),
        ("tradier", ('websocket_url = "ws://127.0.0.1:81"',), "websocket_url"),
        (
            "tradier",
            ('network = "sandbox"', f'websocket_url = "{TRADIER["live"].websocket_url}"'),
            "websocket_url",
        ),
    ],
)
def test_a_mixture_is_refused_with_the_setting_s_name(
    tmp_path: Path, venue: str, given: tuple[str, ...], field: str
) -> None:
    with pytest.raises(InvalidSetting) as refused:
        read(tmp_path, venue, *given)
    assert refused.value.field.endswith(f"venues.1.{field}")
