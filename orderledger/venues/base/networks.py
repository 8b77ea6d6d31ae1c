"""The addresses of a venue's networks, grouped by network."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Network:
    """One network of a venue: the address of its queries, and of its websocket if there is one."""

    url: str
    websocket_url: str = ""


@dataclass(frozen=True, slots=True)
class Networks:
    """The networks of one venue by name; the first is the default. `websocket_path` is added to the
    `url` of any other host, such as a simulated venue's."""

    known: Mapping[str, Network]
    websocket_path: str = ""

    def __getitem__(self, name: str) -> Network:
        return self.known[name]

    def name_of(self, address: str) -> str | None:
        """The network that has this address. None for another host, and for a text that is not
        an address.
        """
        host = _host(address)
        hosts = {
            name: {_host(one.url), _host(one.websocket_url)} for name, one in self.known.items()
        }
        return next((name for name, own in hosts.items() if host is not None and host in own), None)

    def websocket_url(self, url: str) -> str:
        """The websocket that belongs to `url`: of the same network, else on the same host."""
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
