"""Small ledgers for statements."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from orderledger import Ledger, parse_document
from orderledger.infrastructure.clock import SteppingClock

RECORDED_AT = datetime(2026, 10, 27, 8, tzinfo=UTC)
DAY = "2026-10-25"
"""In Berlin it has 25 hours."""


def told(kind: str, at: str, **fields: Any) -> dict[str, Any]:
    """A message of that time; without a day, of `DAY`."""
    return {
        "type": kind,
        "account": "sim:main",
        "at": at if "T" in at else f"{DAY}T{at}Z",
        **fields,
    }


def request(
    client_order_id: str, at: str, side: str = "buy", quantity: str = "1", **fields: Any
) -> dict[str, Any]:
    terms = {
        "instrument": "BTC-USD",
        "side": side,
        "quantity": quantity,
        "order_type": "limit",
        "limit_price": "64000",
    }
    return told("request", at, client_order_id=client_order_id, **{**terms, **fields})


def fill(
    client_order_id: str, fill_id: str, at: str, quantity: str, price: str, **fields: Any
) -> dict[str, Any]:
    return told(
        "fill",
        at,
        client_order_id=client_order_id,
        fill_id=fill_id,
        quantity=quantity,
        price=price,
        **fields,
    )


SMALL = [
    told("instrument", "2026-10-20T00:00:00Z", instrument="BTC-USD", currency="USD"),
    request("C-0", "2026-10-24T09:00:00Z"),
    fill("C-0", "F-0", "2026-10-24T09:00:01Z", "1", "64000", fee="6.4", fee_currency="USD"),
    told("mark", "2026-10-24T20:00:00Z", instrument="BTC-USD", price="64500"),
    request("C-1", "09:00:00", "sell", "0.5", limit_price="65000", strategy="grid"),
    fill("C-1", "F-1", "09:00:01.5", "0.3", "65000.10", fee="0.001", fee_currency="BNB",
    liquidity="maker"),
    told("mark", "09:30:00", instrument="BNB-USD", price="600"),
    told("mark", "10:00:00", instrument="BTC-USD", price="63000"),
    told("funding", "16:00:00", instrument="BTC-USD", amount="-1.25", currency="USD"),
    told("gap", "16:30:00", **{"from": f"{DAY}T16:20:00Z", "to": f"{DAY}T16:30:00Z",
    "reason": "the line was down"}),
    request("C-2", "17:00:00", order_type="market", limit_price=None, quantity="2",
    instrument="ETH-USD"),
    told("submit", "17:00:00.1", client_order_id="C-2"),
    told("unresolved", "17:00:05", client_order_id="C-2", reason="timeout"),
    fill("X-9", "F-9", "18:00:00", "3", "2500", account="sim:other", instrument="ETH-USD",
    side="buy"),
    told(
        "certify", "20:00:00", covered_from=f"{DAY}T00:00:00Z", covered_to=f"{DAY}T20:00:00Z",
        orders=1, fills=2, positions=1,
        open_breaks=[{"id": "missing_order C-2", "since": f"{DAY}T17:05:00Z"}],
    ),
    told("mark", "22:00:00", instrument="BTC-USD", price="66000"),
    told("mark", "2026-10-26T08:00:00Z", instrument="BTC-USD", price="1"),
]  # fmt: skip
"""A long position that is reduced, an order with an unknown outcome, an unknown currency, a gap, a
break, and a day after it."""


@contextmanager
def ledger_of(messages: list[dict[str, Any]], url: str = "memory://") -> Iterator[Ledger]:
    with Ledger.open(url, clock=SteppingClock(RECORDED_AT), update_views=False) as ledger:
        given = [
            parse_document({name: value for name, value in message.items() if value is not None})
            for message in messages
        ]
        for outcome in ledger.record_many(given):
            assert outcome.outcome == "recorded", outcome
        yield ledger
