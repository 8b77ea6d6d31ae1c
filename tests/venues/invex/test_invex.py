"""What is Invex's own: symbols in two shapes, times without an offset, lists without trades,
cancels in two steps, signatures."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from orderledger import InvalidSetting
from orderledger.infrastructure.messages.registry import Fill
from orderledger.testing import VenueHarness
from orderledger.venues import VenueRefused
from orderledger.venues.base.definitions import Terms
from orderledger.venues.base.registry import adapter
from orderledger.venues.base.transport import Backoff, parsed
from orderledger.venues.base.venue import NoRecords
from orderledger.venues.collecting.settings import CollectSettings
from orderledger.venues.invex.adapter import INVEX, read_market
from orderledger.venues.polled.listed import ListedVenue
from orderledger.venues.polled.order_rows import RowContext
from orderledger.venues.polled.reader import Reader
from orderledger.venues.polled.recording import RowRecording
from tests.venues.harness import played
from tests.venues.invex.payloads import (
    CLIENT_ID,
    HELD,
    ID,
    MARKETS,
    OTHER_ID,
    SYMBOL,
    order,
    orders,
    trade,
)
from tests.venues.invex.signing import sign

READER = Reader(INVEX)

FILLED_AT = datetime(2026, 5, 4, 10, 0, 2, tzinfo=UTC)
ORDER = "/trading/v1/order"


def told(document: Any) -> list[Any]:
    translation = READER.translated(parsed(json.dumps(document)), RowContext(account="invex:main"))
    assert not translation.faults
    return list(translation.messages)


def test_a_fee_or_a_role_that_cannot_be_read_never_costs_the_fill() -> None:
    filled = told(order(trades=[trade(fee="much", type=7)]))[0]
    assert (filled.type, filled.fee, filled.liquidity, filled.text) == (
        "fill",
        None,
        None,
        "cannot be read: fee, type",
    )


SAMPLES: dict[str, list[tuple[str, str | None]]] = {
    "cancel_ok": [],
    "order_partial": [("fill", None), ("acknowledged", "partially_filled")],
    "order_symbol_object_canceled": [("fill", None), ("canceled", "canceled")],
    "orders_list": [("status_observed", "filled")],
    "place_ok": [],
    "validation_error": [],
}


@pytest.mark.shared
def test_every_sample_is_told(shared: Path) -> None:
    for path in sorted((shared / "venues/samples/invex").iterdir()):
        translation = RowRecording("invex:main", INVEX).read(parsed(path.read_text()))
        claims = [
            (message.type, getattr(message, "reported", None)) for message in translation.messages
        ]
        assert [(kind, said and said.status) for kind, said in claims] == SAMPLES[path.stem], (
            path.stem
        )
        assert not translation.faults


@pytest.mark.parametrize(
    ("word", "kind", "status", "reason"),
    [
        ("NOT_FILLED", "acknowledged", "partially_filled", None),
        ("INACTIVE", "status_observed", "pending_new", "INACTIVE"),
        ("FULL_FILLED", "status_observed", "filled", None),
        ("CANCELED_BY_USER", "canceled", "canceled", None),
        ("CANCELED_BY_SYSTEM", "canceled", "canceled", "CANCELED_BY_SYSTEM"),
        ("Frozen", "status_observed", None, None),
    ],
)
def test_every_status_word(word: str, kind: str, status: str | None, reason: str | None) -> None:
    *_, message = told(order(status=word))
    assert (message.type, message.reported.status, message.reason) == (kind, status, reason)


@pytest.mark.parametrize("symbol", ["BTC_IRR", SYMBOL])
@pytest.mark.parametrize(
    "numbers", [{}, {"price": 52000000000, "quantity": 0.002, "deal_quantity": 0.0005}]
)
def test_symbols_and_numbers_come_in_two_shapes_and_times_are_utc(
    symbol: Any, numbers: dict[str, Any]
) -> None:
    fill, message = told(order(symbol=symbol, **numbers))
    assert (message.instrument, message.side, message.at) == ("BTC/IRR", "buy", FILLED_AT)
    assert (message.venue_order_id, message.aliases) == (ID, {"invex.client_order_id": CLIENT_ID})
    assert (message.reported.quantity, message.reported.cum_quantity) == (
        Decimal("0.002"),
        Decimal("0.0005"),
    )
    assert (fill.at, fill.liquidity, fill.fee_currency) == (FILLED_AT, "maker", "BTC")
    assert fill.fill_id == f"{ID}:20260504T100002.000000Z:52000000000:0.0005"


def test_a_fee_is_taken_to_be_paid_in_what_is_received() -> None:
    fill, _ = told(order(side="SELLER", trades=[trade(type="TAKER")]))
    assert (fill.side, fill.liquidity, fill.fee_currency) == ("sell", "taker", "IRR")


def test_a_requested_cancel_is_pending_until_the_status_changes() -> None:
    *_, message = told(order(cancel_order_id=OTHER_ID))
    assert (message.type, message.pending, message.status) == ("status_observed", "cancel", None)
    assert [
        message.type for message in told(order(cancel_order_id=OTHER_ID, status="CANCELED_BY_USER"))
    ] == ["fill", "canceled"]


def test_a_market_order_has_no_price() -> None:
    (message,) = told(orders(order(type="MARKET", price=None, trades=None)))
    assert (message.reported.order_type, message.reported.limit_price) == ("market", None)


def test_balances_are_all_that_is_held_and_terms_come_from_the_rules() -> None:
    (held,) = told({"accounts": [HELD]})
    assert (held.currency, held.amount) == ("IRR", 12)
    assert READER.terms(parsed(json.dumps(MARKETS))) == {
        "BTC/IRR": Terms.spot("BTC", "IRR", tick=Decimal(10), lot=Decimal("0.000001")),
        "invex:NEW_EUR": Terms.spot("NEW", "EUR", tick=Decimal("0.5"), lot=Decimal(1)),
    }


# The venue, against its simulation


def test_the_trades_of_a_listed_order_are_queried_once_until_it_changes() -> None:
    async def story(harness: VenueHarness) -> None:
        order = harness.request()
        harness.place()  # unfilled: its trades are never queried
        harness.exchange.fill(order, order.quantity / 2)
        for _ in range(3):
            listing = await harness.venue.open_orders(harness.account)
            assert [
                message.quantity for message in listing.messages if isinstance(message, Fill)
            ] == [order.quantity / 2]
        assert harness.server.requests[ORDER] == 1

    played("invex", story)


def test_a_list_that_is_behind_its_order_is_queried_again() -> None:
    """What was queried too early is not kept for the row that came after it."""

    async def story(harness: VenueHarness) -> None:
        order = harness.request()
        harness.exchange.fill(order, order.quantity / 2)
        server: Any = harness.server
        before, current = server.row(harness.exchange.order(order.order_id)), server.row
        harness.exchange.fill(order)
        server.row = lambda one: {**current(one), "trades": before["trades"]}
        await harness.venue.fills_since(harness.account, harness.clock.now() - timedelta(hours=1))
        server.row = current
        answer = await harness.venue.fills_since(
            harness.account, harness.clock.now() - timedelta(hours=1)
        )
        assert (
            sum(message.quantity for message in answer.messages if isinstance(message, Fill))
            == order.quantity
        )

    played("invex", story)


def test_queries_with_fields_are_signed_by_the_user_s_function() -> None:
    async def story(harness: VenueHarness) -> None:
        server: Any = harness.server
        server.is_signed = lambda query: sign(query)["signature"] == query.get("signature")
        with pytest.raises(VenueRefused):
            await harness.venue.open_orders(harness.account)
        options: dict[str, Any] = {
            "records": NoRecords(),
            "now": harness.clock.now,
            "backoff": Backoff(Random(1)),
            "roomy": 1000,
        }
        venue = ListedVenue(
            INVEX, harness.account, token=server.key, url=server.http_url, sign=sign, **options
        )
        harness.place()
        assert len((await venue.open_orders(harness.account)).venue_order_ids) == 1
        await venue.aclose()

    played("invex", story)


@pytest.mark.parametrize(
    ("signer", "fault"),
    [("tests.venues.invex.signing:sign", None), ("no.such:sign", "cannot be loaded")],
)
def test_the_signer_is_named_in_the_settings(
    tmp_path: Path, signer: str, fault: str | None
) -> None:
    path = tmp_path / "orderledger.toml"
    path.write_text(
        f'[[venues]]\nvenue = "invex"\naccount = "invex:main"\ntoken = {{ env = "HOME" }}\nsigner '
        f'= "{signer}"\n'
    )
    (section,) = CollectSettings.read(path).venues
    if fault is not None:
        with pytest.raises(InvalidSetting, match=fault):
            adapter("invex").build(section, NoRecords())
    else:
        assert adapter("invex").build(section, NoRecords()).queries.sign is sign  # type: ignore[attr-defined]


def test_what_cannot_be_an_id_is_not_queried() -> None:
    async def story(harness: VenueHarness) -> None:
        harness.record_request("C-1")
        known = {**harness.ledger.order("C-1"), "venue_order_ids": ["77"], "aliases": {}}
        assert await harness.venue.order(harness.account, known) is None
        assert harness.server.requests[ORDER] == 0

    played("invex", story)


def test_a_symbol_that_is_not_in_the_table_keeps_the_name_of_the_venue() -> None:
    row = {"symbol": "NEW_IRR", "tick_size": "1", "amount_step_size": "0.1"}
    assert read_market(row) == ("NEW", "IRR", Decimal(1), Decimal("0.1"))
    assert INVEX.markets.instrument("NEW_IRR") == "invex:NEW_IRR"
