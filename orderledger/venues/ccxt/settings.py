"""The settings of an exchange of ccxt. Reading them needs no ccxt."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidatorFunctionWrapHandler, WrapValidator, model_validator

from orderledger.extend.messages import Identifier
from orderledger.venues.base.networks import Network, Networks
from orderledger.venues.base.settings import (
    HttpUrl,
    OneAccountSection,
    Seconds,
    Secret,
    WebsocketUrl,
)

LIVE, SANDBOX = "live", "sandbox"
OVERRIDE = "Replaces the scheme and host of every address of the exchange, for a simulated one."


def _name_or_own(given: Any, named: ValidatorFunctionWrapHandler) -> Any:
    """The exchange's id; or, from Python, the caller's own exchange object, as it is."""
    return given if hasattr(given, "requiredCredentials") else named(given)


Symbol = Annotated[Identifier, Field(pattern=r"\S")]
ExchangeName = Annotated[str, Field(pattern=r"^[a-z0-9]{2,40}$"), WrapValidator(_name_or_own)]


class CcxtSettings(OneAccountSection):
    """One account at one exchange of ccxt."""

    networks = Networks({LIVE: Network(""), SANDBOX: Network("")})
    venue: Literal["ccxt"]
    network: str = Field(
        default=LIVE, description="`sandbox` is the exchange's test network, if ccxt supports one."
    )
    url: HttpUrl = Field(default="", description=OVERRIDE)
    websocket_url: WebsocketUrl = Field(
        default="", description="The same for its websockets. Not needed with `streams = false`."
    )
    exchange: ExchangeName = Field(description="The exchange's id in ccxt, e.g. `kraken`.")
    credentials: dict[str, Secret] = Field(
        default_factory=dict,
        description=(
            "Where to find the exchange's credentials, by ccxt's names: `apiKey`, `secret`, and "
            "so on."
        ),
    )
    symbols: tuple[Symbol, ...] = Field(
        default=(),
        description=(
            "Symbols that are queried one by one. Needed if the exchange lists trades only by "
            "symbol."
        ),
    )
    options: dict[str, Any] = Field(
        default_factory=dict, description='Options of ccxt, e.g. `{ defaultType = "swap" }`.'
    )
    streams: bool = Field(
        default=True,
        description="Whether to use websockets if ccxt supports them. Otherwise, queries only.",
    )
    milliseconds_per_request: float | None = Field(
        default=None,
        gt=0,
        description="Milliseconds for a request of weight 1 in ccxt's limiter. Default: ccxt's.",
    )
    poll_seconds: Seconds = Field(
        default=5.0, description="Seconds between two queries while orders are open."
    )
    idle_seconds: Seconds = Field(
        default=20.0, description="Seconds between two queries while no order is open."
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, given: Any) -> Any:
        """No addresses: ccxt has them."""
        return given

    @model_validator(mode="after")
    def _has_both_addresses(self) -> Self:
        is_lacking = self.streams and self.url and not self.websocket_url
        if is_lacking or (self.websocket_url and not self.url):
            raise ValueError(
                "give both url and websocket_url, or neither; url alone needs streams = false"
            )
        return self

    def instrument_fault(self, name: str) -> str | None:
        """ccxt's symbols have a slash: `BTC/USDT`, and `ETH/USDT:USDT` for a contract."""
        if "/" in name:
            return None
        return "is not a symbol of ccxt: those have a slash, as BTC/USDT or ETH/USDT:USDT"

    def can_send(self, account: str) -> bool:
        return bool(self.credentials) or not isinstance(self.exchange, str)

    @property
    def at_venue(self) -> tuple[str, ...]:
        where = next(
            (secret.env or str(secret.file) for secret in self.credentials.values()),
            "no credentials",
        )
        kind = self.options.get("defaultType", "")
        return (" ".join(filter(None, (str(self.exchange), str(kind), f"account of {where}"))),)

    def secrets(self) -> dict[str, Secret]:
        return {f"credentials.{name}": secret for name, secret in self.credentials.items()}
