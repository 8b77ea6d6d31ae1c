"""Where each venue is: the addresses of its networks, and which of them belong together."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Network:
    """One network of a venue: where it is asked, and where it is listened to."""

    url: str
    websocket_url: str


@dataclass(frozen=True, slots=True)
class Networks:
    """The networks of one venue by their names. `websocket_path` stands behind the `url` of any other place, e.g. of a fake."""

    known: Mapping[str, Network]
    websocket_path: str

    def __getitem__(self, name: str) -> Network:
        return self.known[name]

    def name_of(self, address: str) -> str | None:
        """The network that has this address; None for any other place, and for what is no address."""
        host = _host(address)
        hosts = {name: {_host(one.url), _host(one.websocket_url)} for name, one in self.known.items()}
        return next((name for name, own in hosts.items() if host is not None and host in own), None)

    def websocket_url(self, url: str) -> str:
        """Where to listen to the venue that is asked at `url`: on the same network, else on the same host."""
        name = self.name_of(url)
        return (
            self.known[name].websocket_url
            if name is not None
            else f"{url.rstrip('/').replace('http', 'ws', 1)}{self.websocket_path}"
        )


def _host(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


HYPERLIQUID = Networks(
    {
        "mainnet": Network("https://api.hyperliquid.xyz", "wss://api.hyperliquid.xyz/ws"),
        "testnet": Network("https://api.hyperliquid-testnet.xyz", "wss://api.hyperliquid-testnet.xyz/ws"),
    },
    "/ws",
)
LIGHTER = Networks(
    {
        "mainnet": Network("https://mainnet.zklighter.elliot.ai", "wss://mainnet.zklighter.elliot.ai/stream"),
        "testnet": Network("https://testnet.zklighter.elliot.ai", "wss://testnet.zklighter.elliot.ai/stream"),
    },
    "/stream",
)
TRADIER = Networks(
    {
        "live": Network("https://api.tradier.com/v1", "wss://ws.tradier.com/v1/accounts/events"),
        "sandbox": Network("https://sandbox.tradier.com/v1", "wss://sandbox-ws.tradier.com/v1/accounts/events"),
    },
    "/accounts/events",
)
