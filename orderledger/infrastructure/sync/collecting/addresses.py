"""The addresses of a venue in the settings: a network, or a url, or both addresses of one place."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import httpx
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationInfo, field_validator, model_validator

from orderledger.infrastructure.venues.base.networks import Networks


def _of_http(url: str) -> str:
    return _checked(url, ("http", "https"))


def _of_websocket(url: str) -> str:
    return _checked(url, ("ws", "wss"))


def _checked(url: str, schemes: tuple[str, ...]) -> str:
    """Raises ValueError for what the libraries that connect to it would not take."""
    try:
        told = httpx.URL(url)
        told.host.encode("idna")
        has_port = told.port is None or 0 < told.port < 65_536
        is_fit = url.isascii() and told.scheme in schemes and bool(told.host) and has_port and not told.fragment
    except (httpx.InvalidURL, ValueError):
        is_fit = False
    if not is_fit:
        raise ValueError(f"{url!r} is no address that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    return url


HttpUrl = Annotated[str, AfterValidator(_of_http)]
WebsocketUrl = Annotated[str, AfterValidator(_of_websocket)]
OF_THE_NETWORK = "Default: of the network."
OF_THE_URL = "Default: of the network that `url` is of, else on its host."


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class VenueSection(Section):
    """A venue on one of its networks.

    What is not given of `network`, `url` and `websocket_url` follows from what is. Addresses of two networks are refused, and
    so is one of a network beside one of another place: a token is for one of them.
    """

    networks: ClassVar[Networks]
    of_networks: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """Other settings that have another default on a network."""

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, told: Any) -> Any:
        """Addresses that are no text are left to the fields."""
        if not isinstance(told, dict):
            return told
        url, websocket_url = (told.get(name, "") for name in ("url", "websocket_url"))
        if not isinstance(url, str) or not isinstance(websocket_url, str):
            return told
        named = cls.networks.name_of(url) or (cls.networks.name_of(websocket_url) if not url else None)
        network = told.get("network", named or next(iter(cls.networks.known)))
        if not isinstance(network, str) or network not in cls.networks.known:
            return told
        url = url or cls.networks[network].url
        found = {"network": network, "url": url, "websocket_url": websocket_url or cls.networks.websocket_url(url)}
        return {**cls.of_networks.get(network, {}), **told, **found}

    @field_validator("url", check_fields=False)
    @classmethod
    def _is_of_the_network(cls, url: str, info: ValidationInfo) -> str:
        named, network = cls.networks.name_of(url), info.data.get("network")
        if named is not None and network is not None and named != network:
            raise ValueError(f"{url} is of {named}, and network is {network}")
        return url

    @field_validator("websocket_url", check_fields=False)
    @classmethod
    def _is_of_the_same_place(cls, websocket_url: str, info: ValidationInfo) -> str:
        url = info.data.get("url")
        named, asked = cls.networks.name_of(websocket_url), cls.networks.name_of(url or "")
        if url and named != asked:
            there, here = (f"of {name}" if name else "of another place" for name in (named, asked))
            raise ValueError(f"{websocket_url} is {there}, and url, {url}, is {here}: give both of one, or url alone")
        return websocket_url
