"""The terms of a desk at each exchange of ccxt: each row of the tables puts its term into the
request with the exchange's meaning, and nothing leaves if ccxt drops or turns it."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from orderledger.venues import NotSent, Unanswered
from orderledger.venues.ccxt.sending.tables import languages
from orderledger.venues.ccxt.sending.terms import PRODUCTS, Product, Term
from orderledger.venues.ccxt.terms_sent import product_of, terms_sent
from tests.venues.ccxt.asked_terms import ASKED, TERMS
from tests.venues.ccxt.offline import entry, order, sent
from tests.venues.ccxt.test_sending import SENT, told

SIDES = ("buy", "sell")
SISTERS = {"bybiteu", "bybitid", "okxus", "myokx", "gateeu", "binanceus", "binancecoinm"}
"""Exchanges that share a table with another one."""
CASES = [
    (name, kind, term, side)
    for (name, kind), terms in ASKED.items()
    for term, parts in terms.items()
    for side in (parts if isinstance(parts, Mapping) else SIDES)
]


def _product(kind: str) -> Product:
    return "spot" if kind == "spot" else "contract"


@pytest.mark.parametrize(("name", "kind", "term", "side"), CASES)
def test_a_term_is_in_the_request_with_the_words_of_the_exchange(
    name: str, kind: str, term: str, side: str
) -> None:
    outcome, text = told(name, kind, side=side, **TERMS[term])
    assert outcome == "sent", text
    parts = ASKED[name, kind][term]
    for part in parts[side] if isinstance(parts, Mapping) else parts:
        assert part in f"{text}&"


def _rows() -> Iterator[tuple[str, str, str]]:
    for (name, kind), terms in ASKED.items():
        for row in languages()[name].terms:
            if row.is_of(name, _product(kind)):
                unit = "" if row.unit is None else f":{row.unit}"
                yield name, kind, f"{row.term}{unit}"
        assert terms


@pytest.mark.parametrize(("name", "kind", "term"), list(_rows()))
def test_no_row_of_a_table_is_without_a_test(name: str, kind: str, term: str) -> None:
    tested = ASKED[name, kind]
    assert term in tested or any(one.startswith(f"{term}:") for one in tested)


def test_each_table_with_rows_is_tested_for_each_product() -> None:
    tested = {(name, _product(kind)) for name, kind in ASKED}
    aliases = {"kucoinfutures": "kucoin", "binanceusdm": "binance"}
    tested |= {(aliases.get(name, name), product) for name, product in tested}
    for name, language in languages().items():
        if name in SISTERS or not language.terms or name in aliases:
            continue
        for product in PRODUCTS:
            listed = language.lists.get(product)
            if listed is not None and any(row.is_of(name, product) for row in language.terms):
                assert (name, product) in tested


def _changed(row: Term, params: dict[str, Any], *, is_turned: bool, side: str) -> dict[str, Any]:
    """Parameters without those of a row, or with those of the other side."""
    if is_turned:
        return {**params, **(row.sell if side == "buy" else row.buy)}
    own = {row.param, *row.params, *row.buy, *row.sell}
    return {name: value for name, value in params.items() if name not in own}


def _faulty(name: str, kind: str, term: str, side: str, *, is_turned: bool) -> str:
    """The outcome if ccxt drops or turns the term."""
    terms = {"side": side, **TERMS[term]}

    async def whole() -> str:
        sender = entry(name, kind)
        row = order(kind, **terms)
        wanted = term.split(":")[0]
        (found,) = [one for one in sender._arguments._rows(row) if one.term == wanted]
        made = sender._exchange.create_order

        async def faulty(*asked: Any) -> Any:
            params = _changed(found, asked[5], is_turned=is_turned, side=side)
            return await made(*asked[:5], params)

        sender._exchange.create_order = faulty
        try:
            await sender.submit(row)
        except NotSent as error:
            return error.reason
        except Unanswered:
            return f"sent: {sent(sender)[-1]}"
        finally:
            await sender.aclose()
        return "sent"

    return asyncio.run(whole())


OWN_SOURCE = {
    "krakenfutures": "last",
    "okx": "last",
    "gate": "last",
    "kraken": "last of a trailing stop",
}
"""The trigger source that ccxt writes by itself: the request has it without the parameter."""
DROPPED = [
    case for case in CASES if not case[2].startswith(f"trigger_source:{OWN_SOURCE.get(case[0])}")
]


@pytest.mark.parametrize(("name", "kind", "term", "side"), DROPPED)
def test_an_order_whose_term_is_dropped_does_not_leave(
    name: str, kind: str, term: str, side: str
) -> None:
    assert not _faulty(name, kind, term, side, is_turned=False).startswith("sent")


TURNED = [
    (name, kind, term, side)
    for name, kind, term, side in CASES
    if term in ("take_profit", "take_profit_limit")
    and any(row.term == term and row.buy for row in languages()[name].terms)
]


@pytest.mark.parametrize(("name", "kind", "term", "side"), TURNED)
def test_a_take_profit_that_is_turned_into_a_stop_does_not_leave(
    name: str, kind: str, term: str, side: str
) -> None:
    assert _faulty(name, kind, term, side, is_turned=True) == "term_not_sent"


@pytest.mark.parametrize(("name", "kind"), SENT)
def test_the_abilities_are_what_is_sent(name: str, kind: str) -> None:
    """`SENT` has the orders that ccxt can send, by exchange and product."""
    able = terms_sent(name, _product(kind))
    named = able["order_types"] | able["times_in_force"] | able["conditions"]
    tested = {"ioc", "fok", "post_only", "reduce_only", "stop", "stop_limit"}
    assert named & tested == SENT[name, kind].keys() & tested


@pytest.mark.parametrize(
    ("name", "kind", "product"),
    [
        ("okx", "spot", "spot"),
        ("okx", "swap", "contract"),
        ("binancecoinm", "spot", "contract"),
        ("krakenfutures", "spot", "contract"),
    ],
)
def test_the_abilities_are_those_of_the_product_that_the_account_trades(
    name: str, kind: str, product: Product
) -> None:
    sender = entry(name, kind)
    assert product_of(sender._exchange) == product
    assert sender.abilities.order_types == terms_sent(name, product)["order_types"]
    asyncio.run(sender.aclose())


@pytest.mark.parametrize(
    ("name", "kind", "terms", "reason"),
    [
        ("bybit", "spot", TERMS["take_profit_limit"], "order_type"),
        ("okx", "spot", TERMS["take_profit"], "order_type"),
        ("mexc", "swap", TERMS["trailing_stop:percent"], "order_type"),
        ("binance", "spot", TERMS["trailing_stop:amount"], "order_type"),
        ("binance", "spot", TERMS["gtd"], "time_in_force"),
        ("bybit", "swap", TERMS["gtd"], "time_in_force"),
        ("kraken", "spot", TERMS["day"], "time_in_force"),
        ("binanceusdm", "swap", TERMS["gtd:stop_limit"], "time_in_force"),
        ("okx", "spot", TERMS["trigger_source:mark"], "unsupported_term"),
        ("okx", "spot", TERMS["trigger_source:index"], "unsupported_term"),
        ("okx", "spot", {"reduce_only": True}, "unsupported_term"),
        ("gate", "spot", {"reduce_only": True}, "unsupported_term"),
        ("coinbase", "spot", {"reduce_only": True}, "unsupported_term"),
        ("binance", "spot", TERMS["trigger_source:mark"], "unsupported_term"),
        ("kraken", "spot", TERMS["trigger_source:mark"], "unsupported_term"),
        ("binanceusdm", "swap", TERMS["trigger_source:index"], "unsupported_term"),
        ("gate", "spot", {**TERMS["quote_quantity"], "side": "sell"}, "unsupported_term"),
        ("bybit", "spot", TERMS["display_quantity"], "unsupported_term"),
    ],
)
def test_a_term_without_a_row_is_refused_before_it_is_recorded(
    name: str, kind: str, terms: Mapping[str, Any], reason: str
) -> None:
    sender = entry(name, kind)
    with pytest.raises(NotSent) as refused:
        sender.prepare(order(kind, **terms))
    assert refused.value.reason == reason
    asyncio.run(sender.aclose())


def test_an_expiry_with_a_fraction_of_a_second_is_not_sent() -> None:
    """Binance keeps whole seconds only (USD-M New Order, `goodTillDate`)."""
    at = datetime(2027, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC)
    outcome, text = told("binanceusdm", "swap", **{**TERMS["gtd"], "expire_at": at})
    assert (outcome, "whole seconds" in text) == ("expire_at", True)


def test_a_trailing_stop_with_a_limit_price_is_not_sent() -> None:
    terms = {**TERMS["trailing_stop:percent"], "limit_price": Decimal(2400)}
    assert told("okx", "swap", **terms)[0] == "limit_price"
