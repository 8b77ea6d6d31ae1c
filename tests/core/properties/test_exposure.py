"""Exposure against brute force: the ledger with every choice of open orders filled, each at every
price that it may have."""

from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orderledger import Ledger
from tests.core.contract.streams import fill, moment, opened, parsed, report, request

NEAR = Fraction(1, 10**24)
"""Inverse values are quotients, which are rounded."""

WHOLE = st.integers(1, 9).map(str)
PRICES = st.integers(90, 110).map(str)
ORDERS = st.fixed_dictionaries(
    {
        "side": st.sampled_from(["buy", "sell"]),
        "quantity": WHOLE,
        "limit_price": PRICES,
        "is_unresolved": st.booleans(),
        "filled": st.booleans(),
        "replace": st.none()
        | st.fixed_dictionaries({}, optional={"quantity": WHOLE, "limit_price": PRICES}).filter(
            bool
        ),
    }
)
INSTRUMENTS = st.fixed_dictionaries(
    {"inverse": st.booleans(), "multiplier": st.sampled_from(["1", "0.5", "100"])}
)


def messages(
    orders: list[dict[str, Any]], instrument: dict[str, Any], base: list[tuple[str, str, str]]
) -> list[dict[str, Any]]:
    """Fills that are certain, then the orders: worked, perhaps filled by 1, perhaps with an
    outstanding replace."""
    told = [
        {
            "type": "instrument",
            "account": "sim:main",
            "instrument": "BTC-USD",
            "at": moment(0),
            "currency": "USD",
            **instrument,
        },
        {
            "type": "mark",
            "account": "sim:main",
            "instrument": "BTC-USD",
            "at": moment(0),
            "price": "100",
        },
    ]
    for number, (side, quantity, price) in enumerate(base):
        name, terms = f"B-{number}", {"side": side, "quantity": quantity}
        told += [request(name, number, **terms), fill(name, name, number, price=price, **terms)]
    for number, order in enumerate(orders):
        name, terms = (
            f"C-{number}",
            {key: order[key] for key in ("side", "quantity", "limit_price")},
        )
        told += [request(name, 20, **terms), report("submit", name, 21)]
        if order["filled"] and order["quantity"] != "1":
            told.append(
                fill(
                    name,
                    f"{name}-0",
                    22,
                    side=order["side"],
                    quantity="1",
                    price=order["limit_price"],
                )
            )
        if order["replace"]:
            told.append(
                report("request_replace", name, 23, request_id=f"R-{number}", **order["replace"])
            )
        if order["is_unresolved"]:
            told += [report("unresolved", name, 24, reason="timeout"), report("absent", name, 25)]
    return told


def choices(number: int, order: dict[str, Any]) -> list[dict[str, Any] | None]:
    """What may have become of an order: nothing, or all of it filled, at either price."""
    replace = order["replace"] or {}
    filled = 1 if order["filled"] and order["quantity"] != "1" else 0
    leaves = max(int(order["quantity"]), int(replace.get("quantity", 0))) - filled
    prices = {order["limit_price"], replace.get("limit_price", order["limit_price"])}
    return [
        None,
        *(
            fill(
                f"C-{number}",
                f"C-{number}-1",
                30,
                side=order["side"],
                quantity=str(leaves),
                price=p,
            )
            for p in prices
        ),
    ]


def outcome(told: list[dict[str, Any]]) -> tuple[Decimal, Fraction]:
    """The position and the P&L at the mark, by first in first out."""
    with opened("memory://", update_views=False) as ledger:
        ledger.record_many(parsed(*told))
        (row,) = ledger.pnl(method="fifo", instrument="BTC-USD") or [None]
        if row is None:
            return Decimal(0), Fraction(0)
        assert row["position_quantity"] is not None and row["net_pnl"] is not None
        return row["position_quantity"], Fraction(row["net_pnl"]) + Fraction(
            row["unrealized_pnl"] or 0
        )


def exposed(ledger: Ledger) -> Any:
    (row,) = ledger.exposure(account="sim:main", instrument="BTC-USD")
    return row


@pytest.mark.slow
@settings(max_examples=25, derandomize=True, database=None)
@given(
    orders=st.lists(ORDERS, min_size=1, max_size=3),
    instrument=INSTRUMENTS,
    base=st.lists(st.tuples(st.sampled_from(["buy", "sell"]), WHOLE, PRICES), max_size=3),
)
def test_no_choice_of_filled_orders_leaves_the_interval_and_some_reach_its_ends(
    orders: list[dict[str, Any]], instrument: dict[str, Any], base: list[tuple[str, str, str]]
) -> None:
    told = messages(orders, instrument, base)
    with opened("memory://", update_views=False) as ledger:
        ledger.record_many(parsed(*told))
        row = exposed(ledger)
    found = []
    for chosen in product(*(choices(number, order) for number, order in enumerate(orders))):
        is_only_doubtful = all(
            one is None or order["is_unresolved"] for one, order in zip(chosen, orders, strict=True)
        )
        found.append((*outcome([*told, *filter(None, chosen)]), is_only_doubtful))
    positions, pnls = (
        [position for position, _, _ in found],
        [pnl for _, pnl, is_only_doubtful in found if is_only_doubtful],
    )
    assert [row["position_quantity_least"], row["position_quantity_most"]] == [
        min(positions),
        max(positions),
    ]
    for name, expected in (("least", min(pnls)), ("most", max(pnls))):
        assert abs(Fraction(row[f"total_pnl_{name}"]) - expected) < NEAR
    assert abs(Fraction(row["total_pnl"]) - found[0][1]) < NEAR
