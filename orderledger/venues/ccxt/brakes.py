"""The brakes of exchanges of ccxt: what cancels all orders, and what does so if nobody renews it.

Only what the exchanges document is here. `NOT_USED`: what cannot be set by a request, with the
reason.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from orderledger.venues.base.order_entry import SwitchTerms

Called: TypeAlias = tuple[Any, ...]
"""A method of ccxt and its arguments."""


@dataclass(frozen=True, slots=True)
class Switch:
    """A dead man's switch, and the call that sets it."""

    terms: SwitchTerms
    call: Callable[[Any, float | None, str | None], Called]


@dataclass(frozen=True, slots=True, kw_only=True)
class Brakes:
    """The brakes of an exchange. `source`: the page of its cancel-all."""

    cancel_all: Literal["account", "instrument"] | None = None
    source: str = ""
    switch: Switch | None = None


def _after(exchange: Any, seconds: float | None, instrument: str | None) -> Called:
    return "cancel_all_orders_after", int((seconds or 0) * 1_000)


def _countdown_of_symbol(exchange: Any, seconds: float | None, instrument: str | None) -> Called:
    symbol = exchange.market(instrument)["id"]
    asked = {"symbol": symbol, "countdownTime": int((seconds or 0) * 1_000)}
    return "fapiPrivatePostCountdownCancelAll", asked


def _countdown_of_spot(exchange: Any, seconds: float | None, instrument: str | None) -> Called:
    return "privateSpotPostCountdownCancelAll", {"timeout": int(seconds or 0)}


def _countdown_of_swaps(exchange: Any, seconds: float | None, instrument: str | None) -> Called:
    settle = str(exchange.options.get("defaultSettle", "usdt")).lower()
    asked = {"settle": settle, "timeout": int(seconds or 0)}
    return "privateFuturesPostSettleCountdownCancelAll", asked


BINANCE = Switch(
    SwitchTerms(
        shortest=1,
        longest=86_400,
        by_instrument=True,
        covers="all open orders of each symbol; of conditional orders the page does not say",
        source="developers.binance.com, USD-M, Auto-Cancel All Open Orders",
    ),
    _countdown_of_symbol,
)
KRAKEN = Switch(
    SwitchTerms(
        shortest=1,
        longest=86_399,
        by_instrument=False,
        covers="all orders of the account, protective stops too; also when the engine is back "
        "from maintenance",
        source="docs.kraken.com, Cancel All Orders After X",
    ),
    _after,
)
KRAKEN_FUTURES = Switch(
    SwitchTerms(
        shortest=1,
        longest=86_400,
        by_instrument=False,
        covers="all orders of the account, protective stops too",
        source="docs.kraken.com, futures, Dead man's switch",
    ),
    _after,
)
OKX = Switch(
    SwitchTerms(
        shortest=10,
        longest=120,
        by_instrument=False,
        covers="all orders of the account in the order book; of algo orders the page does not say",
        source="okx.com/docs-v5, Cancel All After",
    ),
    _after,
)
HTX = Switch(
    SwitchTerms(
        shortest=5,
        longest=86_400,
        by_instrument=False,
        covers="spot orders, 500 at most",
        source="HTX notice of 2021-01-12, Automatic Order Cancellation",
    ),
    _after,
)
GATE_TERMS = SwitchTerms(
    shortest=5,
    longest=86_400,
    by_instrument=False,
    covers="all orders of spot, or of the futures of one settlement currency",
    source="gate.com, API v4, Countdown cancel orders",
)
GATE_PAGES = "gate.com, API v4, spot and futures, Cancel all open orders"
BY_NAME = {
    "binance": Brakes(cancel_all="instrument", source="binance-spot-api-docs, rest-api.md"),
    "binanceusdm": Brakes(
        cancel_all="instrument",
        source="developers.binance.com, USD-M, Cancel All Open Orders",
        switch=BINANCE,
    ),
    "bybit": Brakes(cancel_all="instrument", source="bybit-exchange/docs, v5/order/cancel-all"),
    "deribit": Brakes(cancel_all="account", source="docs.deribit.com, private/cancel_all"),
    "htx": Brakes(switch=HTX),
    "kraken": Brakes(
        cancel_all="account", source="docs.kraken.com, Cancel All Orders", switch=KRAKEN
    ),
    "krakenfutures": Brakes(
        cancel_all="account",
        source="docs.kraken.com, futures, Cancel all orders",
        switch=KRAKEN_FUTURES,
    ),
    "mexc": Brakes(cancel_all="instrument", source="mexc.com, spot v3, Cancel all open orders"),
    "okx": Brakes(switch=OKX),
}


NOT_USED = {
    "bybit": (
        "Set Disconnect Cancel All",
        "it counts from the loss of a private websocket, and Bybit has to switch it on",
        "bybit-exchange/docs, v5/order/dcp",
    ),
    "deribit": (
        "enable_cancel_on_disconnect",
        "it covers the orders of one websocket connection; ccxt sends orders by HTTP",
        "docs.deribit.com, private/enable_cancel_on_disconnect",
    ),
    "bitget": (
        "Countdown cancel all",
        "it does not work for classic accounts",
        "bitget.com, API v3, Countdown Cancel All",
    ),
}
"""Switches of exchanges that are not used: the exchange's name of it, why, and its page."""


def brakes_of(exchange: Any) -> Brakes | None:
    """The brakes of an exchange as it is set up; None if none are known."""
    if exchange.id == "gate":
        is_swap = exchange.options.get("defaultType") == "swap"
        call = _countdown_of_swaps if is_swap else _countdown_of_spot
        return Brakes(cancel_all="instrument", source=GATE_PAGES, switch=Switch(GATE_TERMS, call))
    return BY_NAME.get(exchange.id)
