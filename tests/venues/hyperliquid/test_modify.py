"""A modify is a cancel and a new id under the same cloid: the order goes on, whatever comes
first."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from orderledger import Ledger, Request
from orderledger.venues.hyperliquid import payload_rows
from orderledger.venues.hyperliquid.order_legs import AccountLegs
from orderledger.venues.hyperliquid.recording import from_recorded
from orderledger.venues.hyperliquid.translate import translate_frame
from orderledger.venues.hyperliquid.vocabulary import CLOID
from orderledger.venues.reconciliation.book import BookRecords
from tests.venues.hyperliquid.payloads import (
    ACCOUNT,
    PUSHED,
    T,
    fill,
    heard,
    listed,
    only_order_after,
    open_orders,
    order_updates,
    orders_after,
    reported,
    said,
    user_fills,
)
from tests.venues.hyperliquid.payloads import (
    CLOID as COMMON_CLOID,
)

NEW: dict[str, Any] = {
    "oid": 155,
    "limitPx": "2510.0",
    "origSz": "0.7",
    "sz": "0.7",
    "timestamp": T + 50_000,
}
FRAMES = {
    "open": order_updates(reported("open")),
    "fill": user_fills(fill()),
    "canceled": order_updates(reported("canceled", T + 50_000, sz="0.7")),
    "open new": order_updates(reported("open", T + 50_000, **NEW)),
    "fill new": user_fills(fill(oid=155, tid=412, time=T + 60_000, sz="0.7")),
    "filled new": order_updates(reported("filled", T + 60_000, **NEW | {"sz": "0.0"})),
}
SEEN = (
    "status",
    "quantity",
    "limit_price",
    "cum_quantity",
    "venue_order_ids",
    "venue_order_id",
    "anomalies",
)


def seen(order: Mapping[str, Any]) -> list[Any]:
    return [str(order[name]) if isinstance(order[name], Decimal) else order[name] for name in SEEN]


def types(names: Sequence[str]) -> list[str]:
    return [message.type for message in heard(FRAMES[name] for name in names).messages]


@pytest.mark.parametrize(
    "names", list(permutations(["open", "fill", "canceled", "open new"])), ids=", ".join
)
def test_the_order_works_on_whatever_came_first(names: Sequence[str]) -> None:
    order = only_order_after(heard(FRAMES[name] for name in names).messages)
    assert seen(order) == [
        "partially_filled",
        "1.2",
        "2510",
        "0.5",
        ["101", "155"],
        "155",
        ["unknown_order"],
    ]


@pytest.mark.slow
def test_the_whole_story_ends_the_same_in_all_720_orders() -> None:
    """Also that of a fill that comes before the open row of its leg."""
    with Ledger.open("memory://") as ledger:
        for number, names in enumerate(permutations(FRAMES)):
            messages = heard(FRAMES[name] for name in names).messages
            ledger.record_many(
                message.model_copy(update={"account": f"hyperliquid:{number}"})
                for message in messages
            )
        found = {str(seen(order)) for order in ledger.orders()}
        assert len(ledger.orders()) == 720
    assert found == {
        str(["filled", "1.2", "2510", "1.2", ["101", "155"], "155", ["unknown_order"]])
    }


def test_a_cancel_that_nothing_follows_is_told_when_the_wait_is_over() -> None:
    legs = AccountLegs(ACCOUNT)
    assert translate_frame(FRAMES["canceled"], legs, PUSHED).messages == []
    (held,) = legs.held
    (message,) = payload_rows.release([held], legs, PUSHED).messages
    assert (message.type, legs.held) == ("canceled", [])
    assert payload_rows.release([held], legs, PUSHED).messages == []


def test_a_cancel_that_is_told_again_is_the_same_message() -> None:
    legs = AccountLegs(ACCOUNT)
    first = heard([FRAMES["open"], FRAMES["canceled"]], legs).messages[-1]
    assert translate_frame(FRAMES["canceled"], legs, PUSHED).messages == [first]


def test_a_cancel_by_the_venue_is_told_at_once() -> None:
    legs = AccountLegs(ACCOUNT)
    frame = order_updates(reported("marginCanceled", T + 1))
    assert [message.type for message in translate_frame(frame, legs, PUSHED).messages] == [
        "canceled"
    ]


def test_a_cancel_without_cloid_is_told_at_once() -> None:
    frame = order_updates(reported("canceled", T + 1, cloid=None))
    assert [
        message.type for message in translate_frame(frame, AccountLegs(ACCOUNT), PUSHED).messages
    ] == ["canceled"]


@pytest.mark.parametrize("rows", [("canceled", "open new"), ("open new", "canceled")])
def test_both_legs_in_one_frame_are_a_replace(rows: tuple[str, str]) -> None:
    frame = order_updates(*[FRAMES[name]["data"][0] for name in rows])
    order = only_order_after(heard([FRAMES["open"], frame]).messages)
    assert (order["status"], order["venue_order_ids"]) == ("new", ["101", "155"])


def test_both_legs_may_have_one_time() -> None:
    """Then the larger id is the newer leg."""
    frames = [
        order_updates(reported("canceled", T)),
        order_updates(reported("open", T, **NEW | {"timestamp": T})),
    ]
    for sequence in permutations(frames):
        order = only_order_after(heard(sequence).messages)
        assert (order["status"], order["limit_price"], sorted(order["venue_order_ids"])) == (
            "new",
            2510,
            ["101", "155"],
        )


def test_a_full_list_shows_the_new_leg_as_well_as_its_status_does() -> None:
    names = [FRAMES["open"], FRAMES["canceled"], open_orders(listed(**NEW))]
    order = only_order_after(heard(names).messages)
    assert seen(order)[:3] == ["new", "1.2", "2510"]


def test_the_total_is_what_earlier_legs_filled_and_what_is_left_of_the_new_one() -> None:
    (replace,) = [
        m
        for m in heard(FRAMES[name] for name in ("open", "canceled", "open new")).messages
        if m.type == "replaced"
    ]
    assert said(replace) == {
        "type": "replaced",
        "at": "2026-09-21T14:14:10Z",
        "venue_order_id": "155",
        "aliases": {CLOID: COMMON_CLOID},
        "quantity": "1.2",
        "limit_price": "2510.0",
        "reported": {
            "status": "new",
            "quantity": "1.2",
            "cum_quantity": "0.5",
            "leaves_quantity": "0.7",
            "limit_price": "2510.0",
        },
    }


def test_a_larger_total_is_told_when_more_turns_out_to_have_been_filled() -> None:
    told = heard([FRAMES["open"], FRAMES["open new"], FRAMES["canceled"]]).messages
    assert [(m.type, str(m.quantity)) for m in told if m.type == "replaced"] == [  # type: ignore[attr-defined]
        ("replaced", "0.7"),
        ("replaced", "1.2"),
    ]


def test_three_legs_are_one_order() -> None:
    third = NEW | {
        "oid": 170,
        "timestamp": T + 70_000,
        "limitPx": "2520",
        "origSz": "0.4",
        "sz": "0.4",
    }
    frames = [
        *[FRAMES[name] for name in ("open", "fill", "canceled", "open new")],
        order_updates(
            reported("canceled", T + 70_000, **NEW | {"sz": "0.4"}),
            reported("open", T + 70_000, **third),
        ),
        user_fills(fill(oid=155, tid=412, time=T + 60_000, sz="0.3", cloid=...)),
        user_fills(fill(oid=170, tid=413, time=T + 80_000, sz="0.4", cloid=...)),
    ]
    order = only_order_after(heard(frames).messages)
    assert seen(order) == [
        "filled",
        "1.2",
        "2520",
        "1.2",
        ["101", "155", "170"],
        "170",
        ["unknown_order"],
    ]


def test_the_last_leg_may_be_canceled_too() -> None:
    frames = [*[FRAMES[name] for name in ("open", "fill", "canceled", "open new")],
              order_updates(reported("canceled", T + 70_000, **NEW))]  # fmt: skip
    order = only_order_after(heard(frames).messages)
    assert seen(order)[:4] == ["canceled", "1.2", "2510", "0.5"]


@pytest.mark.parametrize("is_refused_first", [True, False])
def test_a_refused_modify_leaves_the_order_working(is_refused_first: bool) -> None:
    refused = order_updates(reported("badAloPxRejected", T + 50_000, **NEW))
    frames = [FRAMES["open"], refused]
    told = heard(frames).messages
    assert [message.type for message in told] == ["acknowledged", "replace_rejected"]
    order = only_order_after(told)
    assert (order["status"], order["venue_order_ids"]) == ("new", ["101"])
    ended = [refused, FRAMES["canceled"]] if is_refused_first else [FRAMES["canceled"], refused]
    order = only_order_after(heard([FRAMES["open"], *ended, FRAMES["fill"]]).messages)
    assert (order["status"], str(order["cum_quantity"])) == ("canceled", "0.5")


def test_a_leg_that_worked_and_is_refused_when_it_is_triggered_ends_the_order() -> None:
    refused = order_updates(reported("perpMarginRejected", T + 70_000, **NEW))
    order = only_order_after(
        heard([FRAMES["open"], FRAMES["canceled"], FRAMES["open new"], refused]).messages
    )
    assert (order["status"], order["reason"]) == ("canceled", "perpMarginRejected")
    untouched = NEW | {"origSz": "1.2", "sz": "1.2"}
    frames = [order_updates(reported("open")), order_updates(reported("canceled", T + 50_000))]
    frames += [
        order_updates(reported(word, at, **untouched))
        for word, at in (("open", T + 50_000), ("oracleRejected", T + 60_000))
    ]
    order = only_order_after(heard(frames).messages)
    assert (order["status"], order["reason"]) == ("rejected", "oracleRejected")


def test_a_leg_of_the_other_side_is_another_programs_order_and_no_modify() -> None:
    """Two programs that number their orders alike give them the same cloids."""
    other = {"oid": 90, "side": "A", "timestamp": T - 1_000}
    frames = [
        order_updates(reported("filled", T - 500, **other, sz="0.0", origSz="3.0")),
        user_fills(fill(oid=90, side="A", sz="3.0", tid=400, time=T - 500)),
    ]
    told = heard([*frames, FRAMES["open"], FRAMES["fill"]]).messages
    assert [message.type for message in told] == ["status_observed", "fill", "acknowledged", "fill"]
    order = only_order_after(told)
    assert (str(order["quantity"]), "client_order_id_reused" in order["anomalies"]) == ("1.2", True)


def test_history_tells_legs_from_ends_in_one_answer() -> None:
    """The newest row stands first, and an id may come twice."""
    rows = [
        {**reported("open", T + 50_000, **NEW), "statusTimestamp": str(T + 50_000)},
        reported("canceled", T + 50_000, sz="0.7"),
        reported("open"),
    ]
    order = only_order_after([*from_recorded(rows, ACCOUNT), *from_recorded([fill()], ACCOUNT)])
    assert seen(order)[:4] == ["partially_filled", "1.2", "2510", "0.5"]


# What a restart knows: what the ledger knows.


def restarted(
    names: Sequence[str], then: Sequence[str], *, has_request: bool = False
) -> tuple[dict[str, Any], int]:
    """The order, and how many messages of the second half were news, when the process is another
    one in between."""
    with Ledger.open("memory://") as ledger:
        if has_request:
            terms: dict[str, Any] = {
                "instrument": "ETH",
                "side": "buy",
                "quantity": "1.2",
                "order_type": "limit",
                "limit_price": "2500.5",
            }
            ledger.record(
                Request(
                    account=ACCOUNT, client_order_id="C-1", aliases={CLOID: COMMON_CLOID}, **terms
                )
            )
        ledger.record_many(
            heard(
                [FRAMES[name] for name in names], AccountLegs(ACCOUNT, BookRecords(ledger))
            ).messages
        )
        again = heard(
            [FRAMES[name] for name in then], AccountLegs(ACCOUNT, BookRecords(ledger))
        ).messages
        outcomes = ledger.record_many(again)
        (order,) = ledger.orders()
        return order, sum(outcome.outcome == "recorded" for outcome in outcomes)  # type: ignore[return-value]


@pytest.mark.parametrize("has_request", [True, False])
def test_after_a_restart_a_new_leg_is_still_a_replace(has_request: bool) -> None:
    order, _ = restarted(
        ["open", "fill"],
        ["open new", "canceled", "fill new", "filled new"],
        has_request=has_request,
    )
    anomalies = [] if has_request else ["unknown_order"]
    assert seen(order) == ["filled", "1.2", "2510", "1.2", ["101", "155"], "155", anomalies]


@pytest.mark.parametrize("has_request", [True, False])
def test_after_a_restart_the_same_payloads_are_no_news(has_request: bool) -> None:
    names = ["open", "fill", "canceled", "open new", "fill new", "filled new"]
    order, news = restarted(names, ["open new", "fill new", "filled new"], has_request=has_request)
    assert (order["status"], news) == ("filled", 0)


def test_after_a_restart_the_old_leg_s_cancel_is_still_no_end() -> None:
    order, news = restarted(["open", "fill", "open new"], ["canceled"])
    assert (order["status"], news) == ("partially_filled", 0)


def test_without_fills_by_leg_the_order_s_own_sum_says_what_earlier_legs_filled() -> None:
    class OneRow:
        def order(self, account: str, name: str) -> dict[str, Any]:
            return {
                "venue_order_ids": ["101"],
                "cum_quantity": Decimal("0.5"),
                "quantity": Decimal("1.2"),
                "status": "new",
            }

        def trades(self, account: str, venue_order_id: str) -> list[dict[str, Any]]:
            return []

    legs = AccountLegs(ACCOUNT, OneRow())
    (replace,) = translate_frame(FRAMES["open new"], legs, PUSHED).messages
    assert (replace.type, str(replace.quantity)) == ("replaced", "1.2")  # type: ignore[attr-defined]


# A cloid that is used again.


def test_a_cloid_that_comes_again_after_its_order_was_over_is_another_order() -> None:
    frames = [FRAMES["open"], FRAMES["canceled"]]
    legs = AccountLegs(ACCOUNT)
    told = heard(frames, legs).messages
    told += heard(
        [FRAMES["open new"], user_fills(fill(oid=155, tid=412, time=T + 60_000))], legs
    ).messages
    first, second = sorted(orders_after(told), key=lambda order: order["venue_order_ids"])
    assert (first["status"], first["venue_order_ids"], first["is_open"]) == (
        "canceled",
        ["101"],
        False,
    )
    assert (second["status"], second["venue_order_ids"], second["is_open"]) == (
        "partially_filled",
        ["155"],
        True,
    )
    assert second["aliases"] == {}


def test_that_is_so_after_a_restart_too() -> None:
    with Ledger.open("memory://") as ledger:
        ledger.record_many(heard([FRAMES["open"], FRAMES["canceled"]]).messages)
        for _ in range(2):
            legs = AccountLegs(ACCOUNT, BookRecords(ledger))
            outcomes = ledger.record_many(heard([FRAMES["open new"]], legs).messages)
        assert [outcome.outcome for outcome in outcomes] == ["duplicate"]
        assert sorted(order["status"] for order in ledger.orders()) == ["canceled", "new"]
