"""AccountLegs of an order that came and went while nobody listened."""

from collections.abc import Sequence
from decimal import Decimal

from orderledger import Ledger, Replaced, Request
from orderledger.venues.hyperliquid.order_legs import AccountLegs
from orderledger.venues.hyperliquid.translate import translate_answer
from orderledger.venues.hyperliquid.vocabulary import CLOID as ALIAS
from orderledger.venues.reconciliation.book import BookRecords
from tests.venues.hyperliquid.payloads import (
    ACCOUNT,
    CLOID,
    POLLED,
    Json,
    T,
    fill,
    heard,
    only_order_after,
    order_updates,
    reported,
    user_fills,
)


def requested(price: str) -> Request:
    return Request(
        account=ACCOUNT,
        client_order_id="C-1",
        instrument="ETH",
        side="buy",
        quantity=Decimal("1.2"),
        order_type="limit",
        limit_price=Decimal(price),
        aliases={ALIAS: CLOID},
    )


def test_an_order_of_ours_that_is_first_heard_of_on_other_terms_has_been_replaced() -> None:
    for price, kinds in (("2500.5", ["acknowledged"]), ("2490", ["replaced"])):
        with Ledger.open("memory://") as ledger:
            ledger.record(requested(price))
            messages = heard(
                [order_updates(reported("open"))], AccountLegs(ACCOUNT, BookRecords(ledger))
            ).messages
            assert [message.type for message in messages] == kinds
            ledger.record_many(messages)
            order = ledger.order("C-1")
            assert (order["limit_price"], order["status"], order["anomalies"]) == (
                Decimal("2500.5"),
                "new",
                [],
            )


def test_an_order_of_ours_that_only_its_fills_told_of_has_been_replaced_too() -> None:
    with Ledger.open("memory://") as ledger:
        ledger.record(requested("2490"))
        ledger.record_many(heard([user_fills(fill(sz="1.2"))]).messages)
        assert ledger.order("C-1")["status"] == "filled"
        filled = reported("filled", T + 4000, sz="0.0")
        ledger.record_many(
            heard([order_updates(filled)], AccountLegs(ACCOUNT, BookRecords(ledger))).messages
        )
        order = ledger.order("C-1")
        assert (order["limit_price"], order["status"], order["anomalies"]) == (
            Decimal("2500.5"),
            "filled",
            [],
        )


def test_a_leg_that_only_its_fills_named_is_introduced_when_its_row_is_seen() -> None:
    """Else three ids would bear the cloid, and one replace explain them."""
    legs = AccountLegs(ACCOUNT)
    messages = heard(
        [
            order_updates(reported("open")),
            user_fills(fill(oid=155, tid=412, time=T + 60_000, sz="0.2")),
            order_updates(
                reported("open", T + 70_000, oid=177, timestamp=T + 70_000, origSz="1.0", sz="1.0")
            ),
        ],
        legs,
    ).messages
    assert only_order_after(messages)["anomalies"] == ["client_order_id_reused", "unknown_order"]
    row = reported("canceled", T + 70_000, oid=155, timestamp=T + 50_000, sz="1.0")
    messages += translate_answer({"status": "order", "order": row}, legs, POLLED).messages
    order = only_order_after(messages)
    assert (order["anomalies"], order["quantity"], order["venue_order_id"]) == (
        ["unknown_order"],
        Decimal("1.2"),
        "177",
    )


NEW_LEG = order_updates(
    reported("open", T + 50_000, oid=155, timestamp=T + 50_000, origSz="0.7", sz="0.7")
)


def quantities(frames: Sequence[Json], legs: AccountLegs) -> list[Decimal]:
    """Of the replaces that frames say."""
    return [
        message.quantity  # type: ignore[misc]
        for message in heard(frames, legs).messages
        if isinstance(message, Replaced)
    ]


def test_after_a_restart_a_fill_comes_on_top_of_those_that_are_recorded() -> None:
    """The recorded ones are not told again: a modified order would lack what the smaller of the two
    sums is."""
    with Ledger.open("memory://") as ledger:
        ledger.record_many(
            heard([order_updates(reported("open")), user_fills(fill(sz="0.3"))]).messages
        )
        legs = AccountLegs(ACCOUNT, BookRecords(ledger))
        missed = user_fills(fill(tid=412, time=T + 40_000, sz="0.2"))
        assert quantities([missed, NEW_LEG], legs) == [Decimal("1.2")]
        assert quantities([user_fills(fill(sz="0.3")), NEW_LEG], legs) == [Decimal("1.2")]


def test_of_several_fills_of_earlier_legs_only_what_they_come_to_in_the_end_is_told() -> None:
    """What is known half way may be recorded last, by somebody else who was told it at another
    time."""
    missed = user_fills(fill(sz="0.3"), fill(tid=412, time=T + 40_000, sz="0.2"))
    assert quantities([order_updates(reported("open")), NEW_LEG, missed], AccountLegs(ACCOUNT)) == [
        Decimal("0.7"),
        Decimal("1.2"),
    ]


def test_a_fill_without_a_cloid_counts_though_it_is_not_recorded_when_its_order_is_looked_up() -> (
    None
):
    with Ledger.open("memory://") as ledger:
        ledger.record_many(heard([order_updates(reported("open"))]).messages)
        assert quantities(
            [user_fills(fill(cloid=...)), NEW_LEG], AccountLegs(ACCOUNT, BookRecords(ledger))
        ) == [Decimal("1.2")]


def test_a_limit_of_zero_is_no_limit() -> None:
    order = only_order_after(heard([order_updates(reported("open", limitPx="0.0"))]).messages)
    assert order["limit_price"] is None
