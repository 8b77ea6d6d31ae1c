"""What is Wallex's own: an order without an id, statuses that are not to be trusted, fills without
ids, toman."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orderledger.infrastructure.messages.registry import Fill, Message
from orderledger.testing import VenueHarness
from orderledger.venues import VenueRefused, VenueUnavailable
from orderledger.venues.base.definitions import Terms
from orderledger.venues.base.transport import parsed
from orderledger.venues.polled.order_rows import RowContext
from orderledger.venues.polled.reader import Reader
from orderledger.venues.polled.recording import RowRecording
from orderledger.venues.wallex.adapter import WALLEX
from tests.venues.harness import played
from tests.venues.wallex.payloads import HELD, MARKETS, NAME, answer, fill, order, orders

READER = Reader(WALLEX)

SEEN_AT = datetime(2026, 5, 4, 12, tzinfo=UTC)
LOT = Terms(currency="IRT", lot=Decimal("0.0001"))


def told(document: Any, **context: Any) -> list[Message]:
    translation = READER.translated(
        parsed(json.dumps(document)), RowContext(account="wallex:main", **context)
    )
    assert not translation.faults
    return list(translation.messages)


SAMPLES: dict[str, list[tuple[str, str | None]]] = {
    "account_trades": [],
    "cancel_misleading_status": [("canceled", "canceled")],
    "open_orders_older_float_shape": [("acknowledged", "new")],
    "order_partial": [("fill", None), ("acknowledged", "partially_filled")],
    "place_created": [("acknowledged", "new")],
    "place_error": [],
}


@pytest.mark.shared
def test_every_sample_is_told(shared: Path) -> None:
    for path in sorted((shared / "venues/samples/wallex").iterdir()):
        translation = RowRecording("wallex:main", WALLEX).read(parsed(path.read_text()))
        claims = [
            (message.type, getattr(message, "reported", None)) for message in translation.messages
        ]
        assert [(kind, said and said.status) for kind, said in claims] == SAMPLES[path.stem], (
            path.stem
        )
        assert not translation.faults


@pytest.mark.parametrize(
    ("active", "status", "executed", "kind", "claimed", "reason"),
    [
        (True, "NEW", "0", "acknowledged", "new", None),
        (True, "FILLED", "0.0005", "acknowledged", "partially_filled", None),
        (False, "FILLED", "0", "canceled", "canceled", "FILLED"),
        (False, "CANCELED", "0.0005", "canceled", "canceled", None),
        (False, "whatever", "0.0005", "canceled", "canceled", "whatever"),
        (False, "CANCELED", "0.002", "status_observed", "filled", None),
        (True, "NEW", "0.002", "status_observed", "filled", None),
        (None, "NEW", "0.0005", "acknowledged", "partially_filled", None),
        (None, "FINISHED", "0.0005", "canceled", "canceled", "FINISHED"),
        (None, "Frozen", "0", "status_observed", None, None),
        (True, "Frozen", "0", "status_observed", None, None),
    ],
)
def test_active_and_the_filled_quantity_decide(
    active: bool | None,
    status: str,
    executed: str,
    kind: str,
    claimed: str | None,
    reason: str | None,
) -> None:
    row = order(active=active, status=status, executedQty=executed, fills=[])
    (message,) = told(orders(row))
    assert (message.type, message.reported.status, message.reason) == (kind, claimed, reason)  # type: ignore[attr-defined]
    assert READER.has_ended(row) is (claimed in ("filled", "canceled"))


@pytest.mark.parametrize(
    ("order_type", "executed", "percent", "lot", "kinds"),
    [
        ("MARKET", "0.00195", 97, LOT, ["restated", "status_observed"]),
        ("MARKET", "0.0018", 90, LOT, ["canceled"]),
        ("MARKET", "0.00195", 97, None, ["canceled"]),
        ("LIMIT", "0.00195", 97, LOT, ["canceled"]),
        ("LIMIT", "0.00195", 100, None, ["restated", "status_observed"]),
        ("MARKET", "0", 0, LOT, ["canceled"]),
    ],
)
def test_less_than_a_lot_of_a_market_order_was_not_canceled(
    order_type: str, executed: str, percent: int, lot: Terms | None, kinds: list[str]
) -> None:
    row = order(
        type=order_type,
        active=False,
        status="FILLED",
        executedQty=executed,
        executedPercent=percent,
        fills=[],
    )
    messages: list[Any] = told(orders(row), terms_of=lambda instrument: lot)
    assert [message.type for message in messages] == kinds
    if kinds[0] == "restate":
        assert (messages[0].quantity, messages[1].reported.quantity) == (
            Decimal(executed),
            Decimal(executed),
        )


def test_the_client_id_is_the_order_s_only_name() -> None:
    filled, acknowledged = told(answer(order()))
    for message in (filled, acknowledged):
        assert (message.venue_order_id, message.aliases) == (NAME, {"wallex.clientOrderId": NAME})  # type: ignore[attr-defined]


def test_a_fee_that_cannot_be_read_never_costs_the_fill() -> None:
    filled: Any = told(answer(order(fills=[fill(fee="much", feeAsset=["BTC"])])))[0]
    assert (filled.type, filled.fee, filled.fee_currency, filled.text) == (
        "fill",
        None,
        None,
        "cannot be read: feeAsset, fee",
    )


def test_prices_are_in_toman_and_so_are_fees_of_sells() -> None:
    sold: Any = told(answer(order(side="SELL", fills=[fill(feeAsset="TMN", fee="6500")])))[0]
    assert (sold.instrument, sold.fee, sold.fee_currency) == ("BTC/IRT", 6500, "IRT")
    bought: Any = told(answer(order()))[0]
    assert (bought.fee, bought.fee_currency) == (Decimal("0.00000125"), "BTC")


def ids(*fills: Any, executed: str = "0.002") -> list[str]:
    return [
        one.fill_id
        for one in told(answer(order(executedQty=executed, fills=list(fills))))
        if isinstance(one, Fill)
    ]


def test_a_fill_is_named_by_what_it_says_and_the_order_of_the_list_means_nothing() -> None:
    first, second = fill(), fill(quantity="0.0007", timestamp="2026-05-04T10:00:02.5Z")
    name = f"{NAME}:20260504T100002.000000Z:5200000000:0.0005"
    assert (
        ids(first, second)
        == ids(second, first)
        == [name, f"{NAME}:20260504T100002.500000Z:5200000000:0.0007"]
    )
    assert ids(fill(quantity="0.00050", price=5200000000, timestamp=1777888802)) == [
        name
    ]  # the same in other words


def test_equal_fills_are_two_and_a_repeated_row_is_one() -> None:
    name = f"{NAME}:20260504T100002.000000Z:5200000000:0.0005"
    assert ids(fill(), fill(), executed="0.001") == [name, f"{name}:2"]
    assert ids(fill(), fill(), executed="0.0005") == [name]


def test_an_older_row_is_dated_by_its_fills_or_when_it_is_seen() -> None:
    older = {"updated_at": None, "created_at": None}
    seen = {"first_seen_at": lambda name, is_end: SEEN_AT}
    (*_, partial) = told(orders(order(**older)), **seen)
    assert partial.at == datetime(2026, 5, 4, 10, 0, 2, tzinfo=UTC)
    (*_, ended) = told(orders(order(**older, active=False)), **seen)
    assert ended.at == SEEN_AT
    (bare,) = told(orders(order(**older, transactTime=None, executedQty=0, fills=[])), **seen)
    assert bare.at == SEEN_AT


def test_balances_and_terms_have_the_ledger_s_codes() -> None:
    (held,) = told(answer({"balances": {"TMN": {**HELD, "asset": "TMN"}}}))
    assert (held.currency, held.amount) == ("IRT", Decimal("1.5"))  # type: ignore[attr-defined]
    assert READER.terms(parsed(json.dumps(MARKETS))) == {
        "BTC/IRT": Terms.spot("BTC", "IRT", tick=Decimal(1), lot=Decimal("0.000001")),
        "wallex:NEWTMN": Terms.spot("NEW", "IRT"),
    }


# The venue, against its simulation


def test_a_refusal_with_http_200_is_one_and_a_404_of_something_else_is_no_absence() -> None:
    async def story(harness: VenueHarness) -> None:
        harness.record_request("C-1")
        ours = harness.ledger.order("C-1")
        assert await harness.venue.order(harness.account, ours) is None
        harness.server.answers_instead = 404, "<html>not here</html>"
        with pytest.raises(VenueRefused):
            await harness.venue.order(harness.account, ours)
        harness.server.answers_instead = 200, '{"success": false, "message": "no"}'
        with pytest.raises(VenueRefused):
            await harness.venue.open_orders(harness.account)
        harness.server.answers_instead = 200, '{"success": true, "result": {}}'
        with pytest.raises(VenueUnavailable):
            await harness.venue.open_orders(harness.account)

    played("wallex", story)


def test_an_order_whose_fills_the_list_leaves_out_is_queried_by_itself_until_it_changes() -> None:
    async def story(harness: VenueHarness) -> None:
        order = harness.request()
        harness.exchange.fill(order, order.quantity / 2)

        def without_fills(text: str) -> str:
            document = json.loads(text)
            if isinstance(document["result"], list) or "orders" in document["result"]:
                rows = (
                    document["result"]
                    if isinstance(document["result"], list)
                    else document["result"]["orders"]
                )
                for row in rows:
                    row["fills"] = []
            return json.dumps(document)

        harness.server.rewritten = without_fills
        queried = f"/v1/account/orders/{harness.under_test.venue_id(order)}"
        for _ in range(3):
            listing = await harness.venue.open_orders(harness.account)
            assert [
                message.quantity for message in listing.messages if isinstance(message, Fill)
            ] == [order.quantity / 2]
        assert harness.server.requests[queried] == 1
        harness.exchange.fill(order)
        await harness.venue.open_orders(harness.account)
        assert harness.server.requests[queried] == 2

    played("wallex", story)


def test_names_that_the_venue_made_are_queried_as_they_are() -> None:
    async def story(harness: VenueHarness) -> None:
        order = harness.place(client_id=None)
        harness.ledger.record_many((await harness.venue.open_orders(harness.account)).messages)
        (known,) = harness.ledger.orders()
        assert known["venue_order_id"] == f"LIMIT-00000000-0000-0000-0000-{order.order_id:012x}"
        assert await harness.venue.order(harness.account, known)

    played("wallex", story)
