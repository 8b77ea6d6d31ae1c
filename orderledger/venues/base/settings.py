"""Settings that venues share: the addresses of a network, and where to find a secret.

An adapter's settings are a `VenueSection`: one `[[venues]]` table of the file that `orderledger
collect` reads.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

import httpx
from pydantic import (
    AfterValidator,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from orderledger import InvalidSetting
from orderledger.extend.messages import Identifier
from orderledger.extend.runtime import needed, secrecy, toml_files
from orderledger.venues.base.networks import Networks


def _of_http(url: str) -> str:
    return _checked(url, ("http", "https"))


def _of_websocket(url: str) -> str:
    return _checked(url, ("ws", "wss"))


def _checked(url: str, schemes: tuple[str, ...]) -> str:
    """Return the url. Raises ValueError if httpx or websockets could not connect to it."""
    try:
        parsed = httpx.URL(url)
        parsed.host.encode("idna")
        has_port = parsed.port is None or 0 < parsed.port < 65_536
        is_fit = (
            url.isascii()
            and parsed.scheme in schemes
            and bool(parsed.host)
            and has_port
            and not parsed.fragment
        )
    except (httpx.InvalidURL, ValueError):
        is_fit = False
    if not is_fit:
        raise ValueError(
            f"{url!r} is not an address that begins with "
            f"{' or '.join(f'{scheme}://' for scheme in schemes)}"
        )
    return url


HttpUrl = Annotated[str, AfterValidator(_of_http)]
WebsocketUrl = Annotated[str, AfterValidator(_of_websocket)]
NETWORK = "The network, from which `url` and `websocket_url` are taken."
URL = "Address for queries. Default: that of the network."
WEBSOCKET_URL = (
    "Address of the websocket. Default: that of the network of `url`, else on the same host."
)
Seconds = Annotated[float, Field(gt=0, le=86_400 * 366)]


class Section(toml_files.Table):
    """One table of the settings of a venue."""


class Secret(Section):
    """Where to find a secret. A file must be readable by its owner alone; a credential is one that
    systemd passes to the service."""

    env: str | None = Field(default=None, description="Name of the variable.")
    file: Path | None = Field(default=None, description="Path of the file.")
    credential: str | None = Field(
        default=None,
        pattern=r"^[^/]{1,255}$",
        description="Name of a credential that systemd passes to the service: a file in "
        "`$CREDENTIALS_DIRECTORY`.",
    )
    keyring: str | None = Field(
        default=None,
        pattern=r"^.+/[^/]+$",
        description="Entry of the keyring, `service/username`. Needs `orderledger[keyring]`.",
    )

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        given = [getattr(self, name) for name in Secret.model_fields]
        if len(given) - given.count(None) != 1:
            raise ValueError("needs exactly one of env, file, credential and keyring")
        return self

    def read(self, field: str) -> str:
        """Return the secret. Raises InvalidSetting if it is missing, readable by others, or not one
        line of ASCII."""
        where, secret = self._found(field)
        if not secret:
            raise InvalidSetting(field, f"{where} is empty")
        if not (secret.isascii() and secret.isprintable()):
            raise InvalidSetting(
                field, f"{where} does not contain a token: a token is one line of ASCII"
            )
        secrecy.learn(secret)
        return secret

    @property
    def place(self) -> str:
        """The place of the secret, without reading it."""
        named = {
            "the variable": self.env,
            "the file": self.file,
            "the credential": self.credential,
            "the keyring entry": self.keyring,
        }
        return next(f"{kind} {name}" for kind, name in named.items() if name is not None)

    def _found(self, field: str) -> tuple[str, str]:
        """Return a description of the place, and its text."""
        if self.env is not None:
            found = os.environ.get(self.env)
            if found is None:
                raise InvalidSetting(f"{field}.env", f"the variable {self.env} is not set")
            return self.place, found.strip()
        if self.credential is not None:
            return self.place, self._credential(f"{field}.credential", self.credential)
        if self.keyring is not None:
            return self.place, self._of_keyring(f"{field}.keyring", self.keyring)
        assert self.file is not None
        mode, text = _text_of(f"{field}.file", self.file)
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise InvalidSetting(f"{field}.file", f"others can read {self.file}: chmod 600")
        return str(self.file), text

    def _credential(self, field: str, name: str) -> str:
        """Source: systemd.exec(5), `LoadCredential=`. Only the service's user can read it."""
        folder = os.environ.get("CREDENTIALS_DIRECTORY")
        if not folder:
            raise InvalidSetting(
                field, "CREDENTIALS_DIRECTORY is not set: systemd passes no credential"
            )
        return _text_of(field, Path(folder, name))[1]

    def _of_keyring(self, field: str, entry: str) -> str:
        service, _, username = entry.rpartition("/")
        try:
            found = needed("keyring", "keyring").get_password(service, username)
        except InvalidSetting:
            raise
        except Exception as error:  # of a backend: its text may hold anything
            raise InvalidSetting(
                field, f"the keyring cannot be read ({type(error).__name__})"
            ) from None
        if found is None:
            raise InvalidSetting(field, f"the keyring has no entry {entry}")
        return str(found).strip()


def _text_of(field: str, path: Path) -> tuple[int, str]:
    """The mode and the text of a file. Raises InvalidSetting."""
    try:
        return path.stat().st_mode, path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise InvalidSetting(field, f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InvalidSetting(field, f"{path} is not text in UTF-8") from None
    except ValueError:
        raise InvalidSetting(field, f"{str(path)!r} is not a path") from None


class VenueSection(Section):
    """The settings of one venue. A subclass declares `venue: Literal[its name]`, its networks and
    its accounts.

    `network`, `url` and `websocket_url` follow from one another. Addresses of two networks are
    refused, and so is a network's address combined with one of another host. A token belongs to one
    of them.
    """

    networks: ClassVar[Networks]
    defaults_of_networks: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """Defaults of other settings, by network, if a network has its own."""

    venue: str
    network: str = Field(default="", description=NETWORK)
    url: HttpUrl = Field(default="", description=URL)

    @property
    def names(self) -> tuple[str, ...]:
        """The accounts' names in the ledger."""
        raise NotImplementedError

    def can_send(self, account: str) -> bool:
        """Whether the settings have what is needed to send orders of this account."""
        return True

    def keys(self) -> dict[str, Secret]:
        """The secrets that only sending needs, by field name, besides those of `secrets`."""
        return {}

    @property
    def at_venue(self) -> tuple[str, ...]:
        """The accounts' names at the venue, each with the kind of name: `number VA1`."""
        raise NotImplementedError

    def secrets(self) -> dict[str, Secret]:
        """The secrets by field name."""
        return {
            name: value
            for name in type(self).model_fields
            if isinstance(value := getattr(self, name), Secret)
        }

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, given: Any) -> Any:
        """Derive missing addresses. An address that is not text is left for its field to refuse."""
        if not isinstance(given, dict):
            return given
        url, websocket_url = (given.get(name, "") for name in ("url", "websocket_url"))
        if not isinstance(url, str) or not isinstance(websocket_url, str):
            return given
        named = cls.networks.name_of(url) or (
            cls.networks.name_of(websocket_url) if not url else None
        )
        network = given.get("network", named or next(iter(cls.networks.known)))
        if not isinstance(network, str) or network not in cls.networks.known:
            return given
        url = url or cls.networks[network].url
        found = {"network": network, "url": url}
        if "websocket_url" in cls.model_fields:
            found["websocket_url"] = websocket_url or cls.networks.websocket_url(url)
        return {**cls.defaults_of_networks.get(network, {}), **given, **found}

    @field_validator("network")
    @classmethod
    def _is_known(cls, network: str) -> str:
        if network not in cls.networks.known:
            raise ValueError(f"{network!r} is not one of {', '.join(cls.networks.known)}")
        return network

    @field_validator("url")
    @classmethod
    def _is_of_the_network(cls, url: str, info: ValidationInfo) -> str:
        named, network = cls.networks.name_of(url), info.data.get("network")
        if named is not None and network is not None and named != network:
            raise ValueError(f"{url} belongs to {named}, but network is {network}")
        return url

    @field_validator("websocket_url", check_fields=False)
    @classmethod
    def _is_of_the_same_place(cls, websocket_url: str, info: ValidationInfo) -> str:
        url = info.data.get("url")
        named, asked = cls.networks.name_of(websocket_url), cls.networks.name_of(url or "")
        if url and named != asked:
            there, here = (f"of {name}" if name else "of another place" for name in (named, asked))
            raise ValueError(
                f"{websocket_url} is {there}, but url, {url}, is {here}: set both to one network, "
                "or only url"
            )
        return websocket_url


class OneAccountSection(VenueSection):
    """The settings of a venue with one account per section."""

    account: Identifier = Field(description="Its name in the ledger.")

    @property
    def names(self) -> tuple[str, ...]:
        return (self.account,)


class KeyedSection(OneAccountSection):
    """The settings of a venue whose token or key identifies one account."""

    token: Secret = Field(description="The token of the account.")
    poll_seconds: Seconds = Field(
        default=6.0, description="Seconds between two queries of the orders while any is open."
    )
    idle_seconds: Seconds = Field(
        default=20.0, description="Seconds between two queries of the orders while none is open."
    )

    @property
    def at_venue(self) -> tuple[str, ...]:
        """The place of the token identifies the account: two accounts with one token would be
        the same.
        """
        return (f"the account of the token in {self.token.place}",)

    def options(self) -> dict[str, Any]:
        """Further arguments for making the venue. Raises InvalidSetting."""
        return {}
