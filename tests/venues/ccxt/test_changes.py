"""Changes of orders in place: each keeps every other term of the order, or does not leave."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from orderledger.venues.ccxt.quirks import QUIRKS
from orderledger.venues.ccxt.sending.tables import languages
from tests.venues.ccxt.asked_terms import TERMS
from tests.venues.ccxt.offline import entry, order, outcome_of

NAME = "1234567890"
PRICE, QUANTITY, TRIGGER = Decimal("2500.6"), Decimal(3), Decimal(2601)
STOP: dict[str, Any] = {"order_type": "stop", "stop_price": Decimal(2600), "limit_price": None}
TERM = "term_not_sent"


def changed(
    name: str,
    kind: str,
    change: dict[str, Decimal],
    faulty: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
    **terms: Any,
) -> tuple[str, str]:
    """What a change of an order with these terms sends, or why it does not. `faulty`: other
    parameters than ours."""

    async def whole() -> tuple[str, str]:
        sender = entry(name, kind)
        if faulty is not None:
            made = sender._exchange.edit_order
            sender._exchange.edit_order = lambda *asked: made(*asked[:-1], faulty(asked[-1]))
        row = order(kind, venue_order_id=NAME, **terms)
        return await outcome_of(sender, sender.replace(row, {"request_id": "R-1", **change}))

    return asyncio.run(whole())


def test_every_exchange_that_changes_orders_in_place_has_a_table_with_its_source() -> None:
    in_place = {name for name, quirks in QUIRKS.items() if quirks.edits_in_place}
    for name in in_place:
        changes = languages()[name].changes
        assert changes is not None and len(changes.source) > 20, name


@pytest.mark.parametrize(
    ("source", "word"), [("last", "LastPrice"), ("mark", "MarkPrice"), ("index", "IndexPrice")]
)
@pytest.mark.parametrize("kind", ["stop", "take_profit"])
def test_a_new_trigger_price_keeps_its_source_at_bybit(kind: str, source: str, word: str) -> None:
    terms: dict[str, Any] = {**STOP, "order_type": kind, "trigger_source": source}
    outcome, text = changed("bybit", "swap", {"stop_price": TRIGGER}, **terms)
    assert outcome == "sent"
    assert '"triggerPrice":"2601"' in text and f'"triggerBy":"{word}"' in text
    assert '"qty"' not in text and '"price"' not in text


@pytest.mark.parametrize("change", [{"quantity": QUANTITY}, {"limit_price": PRICE}])
def test_a_change_without_a_trigger_price_names_no_source_at_bybit(
    change: dict[str, Decimal],
) -> None:
    terms: dict[str, Any] = {
        "order_type": "stop_limit",
        "stop_price": Decimal(2600),
        "trigger_source": "mark",
    }
    outcome, text = changed("bybit", "swap", change, **terms)
    assert outcome == "sent" and "trigger" not in text


def test_a_source_that_ccxt_would_set_does_not_leave() -> None:
    """Bybit's page does not state the source of an order that names none."""
    assert changed("bybit", "swap", {"stop_price": TRIGGER}, **STOP)[0] == TERM
    others: dict[str, Any] = {**STOP, "trigger_source": "mark"}
    outcome, text = changed(
        "bybit",
        "swap",
        {"stop_price": TRIGGER},
        lambda params: {name: one for name, one in params.items() if name != "triggerBy"},
        **others,
    )
    assert outcome == TERM and "trigger_source" in text


@pytest.mark.parametrize(
    ("name", "kind", "extra"),
    [
        ("bybit", "swap", {"triggerBy": "LastPrice", "triggerPrice": "2600"}),
        ("bybit", "swap", {"takeProfit": "3000"}),
        ("okx", "swap", {"cxlOnFail": True}),
        ("deribit", "swap", {"post_only": False}),
        ("kraken", "spot", {"post_only": "true"}),
        ("binanceusdm", "swap", {"priceMatch": "QUEUE"}),
    ],
)
def test_a_field_that_is_not_of_the_change_does_not_leave(
    name: str, kind: str, extra: dict[str, Any]
) -> None:
    change = {"quantity": QUANTITY, "limit_price": PRICE}
    assert changed(name, kind, change)[0] == "sent"
    assert changed(name, kind, change, lambda params: {**params, **extra})[0] == TERM


@pytest.mark.parametrize(
    ("name", "kind", "terms", "parts"),
    [
        ("deribit", "swap", {"post_only": True}, ("post_only=true", "reject_post_only=true")),
        ("deribit", "swap", {"reduce_only": True}, ("reduce_only=true",)),
        ("deribit", "swap", TERMS["display_quantity"], ("display_amount=1",)),
        ("kraken", "spot", {"post_only": True}, ("post_only=true",)),
    ],
)
def test_a_change_states_a_term_that_the_exchange_may_drop(
    name: str, kind: str, terms: dict[str, Any], parts: tuple[str, ...]
) -> None:
    outcome, text = changed(name, kind, {"limit_price": PRICE}, **terms)
    assert outcome == "sent" and all(part in text for part in parts), text
    kept = {"triggerPrice", "valid_until", "deadline"}
    outcome, text = changed(
        name,
        kind,
        {"limit_price": PRICE},
        lambda params: {one: value for one, value in params.items() if one in kept},
        **terms,
    )
    assert outcome == TERM


@pytest.mark.parametrize(
    ("name", "kind"),
    [("binanceusdm", "swap"), ("binancecoinm", "swap"), ("okx", "swap"), ("okx", "spot")],
)
@pytest.mark.parametrize("change", [{"quantity": QUANTITY}, {"stop_price": TRIGGER}])
def test_an_order_that_waits_for_a_trigger_is_not_changed_where_it_cannot_be(
    name: str, kind: str, change: dict[str, Decimal]
) -> None:
    assert changed(name, kind, change, **STOP)[0] == "no_replace"


@pytest.mark.parametrize("kind", ["stop", "take_profit"])
def test_a_trigger_price_is_changed_at_kraken(kind: str) -> None:
    terms: dict[str, Any] = {**STOP, "order_type": kind, "trigger_source": "index"}
    outcome, text = changed("kraken", "spot", {"stop_price": TRIGGER}, **terms)
    assert outcome == "sent" and "trigger_price=2601" in text and "order_qty" not in text


@pytest.mark.parametrize("name", ["bybit", "okx", "kraken"])
def test_only_what_changes_is_sent(name: str) -> None:
    kind = "spot" if name == "kraken" else "swap"
    outcome, text = changed(name, kind, {"limit_price": PRICE}, reduce_only=kind == "swap")
    assert outcome == "sent" and "2500.6" in text
    assert not any(field in text for field in ('"qty"', "newSz", "order_qty", "reduceOnly"))
