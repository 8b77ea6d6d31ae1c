"""The terms that an exchange of ccxt takes, for `EntryAbilities`. Needs no ccxt."""

from typing import Any

from orderledger import OrderType, TimeInForce
from orderledger.venues.ccxt.sending.tables import language_of
from orderledger.venues.ccxt.sending.terms import PRODUCTS, TRAILS, Product

CONTRACT_TYPES = ("swap", "future", "delivery", "linear", "inverse", "option")
PLAIN_TYPES = frozenset({"limit", "market"})


def is_of_contracts(exchange: Any) -> bool:
    """Whether the account trades contracts, which have positions."""
    return str(exchange.options.get("defaultType", "spot")) in CONTRACT_TYPES


def product_of(exchange: Any) -> Product:
    """The product that the account trades."""
    has_spot = exchange.has.get("spot") is not False
    return "spot" if has_spot and not is_of_contracts(exchange) else "contract"


def terms_sent(exchange: str, product: Product) -> dict[str, frozenset[str]]:
    """The order types, times in force and conditions that are sent to an exchange. Without a
    table, only plain orders."""
    language = language_of(exchange)
    names = frozenset[str]() if language is None else language.sends(exchange, product)
    conditions = names - set(OrderType) - set(TimeInForce)
    if TRAILS in names:
        conditions |= {"trail_offset"}
    if language is not None and language.hedge is not None and product == "contract":
        conditions |= {"position_side"}
    return {
        "order_types": PLAIN_TYPES | (names & set(map(str, OrderType))),
        "times_in_force": frozenset({"gtc"}) | (names & set(map(str, TimeInForce))),
        "conditions": conditions,
        "trail_offset_types": _units(exchange, product),
    }


def terms_of_account(exchange: Any) -> dict[str, frozenset[str]]:
    """The terms for the account of ccxt's `exchange`. Types are those of its product: the gateway
    emulates the others. Times in force and conditions are those of both products, because an
    account may trade both. A term without a row for its market is refused."""
    each = [terms_sent(exchange.id, product) for product in PRODUCTS]
    sent = terms_sent(exchange.id, product_of(exchange))
    both = ("times_in_force", "conditions")
    return sent | {name: each[0][name] | each[1][name] for name in both}


def _units(exchange: str, product: Product) -> frozenset[str]:
    """The units in which an offset is sent."""
    language = language_of(exchange)
    rows = () if language is None else language.terms
    return frozenset(
        row.unit
        for row in rows
        if row.term == TRAILS and row.is_of(exchange, product) and row.unit is not None
    )
