"""The ledger that the page's tests look at: a few orders of every kind, as messages."""

from datetime import UTC, datetime, timedelta
from typing import Any

Message = dict[str, Any]
MAIN, SECOND = "sim:main", "sim:second"
BEGAN = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
HOSTILE = "\"><img src=x onerror=alert(1)>'/../%2F?#&amp;"
"""An id that tries to be markup, a path and a query at once."""


def at(seconds: float) -> str:
    return (BEGAN + timedelta(seconds=seconds)).isoformat()


def request(order: str, seconds: float, **terms: Any) -> Message:
    given = {
        "account": MAIN,
        "instrument": "BTC-USD",
        "side": "buy",
        "quantity": "0.5",
        "order_type": "limit",
    }
    named = {
        "client_order_id": order,
        "limit_price": "64000",
        "time_in_force": "gtc",
        "strategy": "momentum",
    }
    return {"type": "request", **given, **named, "at": at(seconds), **terms}


def submit(order: str, seconds: float, account: str = MAIN) -> Message:
    return {"type": "submit", "account": account, "client_order_id": order, "at": at(seconds)}


def acknowledge(order: str, seconds: float, venue: str, account: str = MAIN) -> Message:
    named = {"account": account, "client_order_id": order, "venue_order_id": venue}
    evidence = {"id": venue, "cloid": order, "state": "resting"}
    return {"type": "acknowledged", **named, "at": at(seconds), "evidence": evidence}


def fill(
    order: str, seconds: float, fill_id: str, quantity: str, price: str, **more: Any
) -> Message:
    named = {
        "account": MAIN,
        "client_order_id": order,
        "fill_id": fill_id,
        "quantity": quantity,
        "price": price,
    }
    given = {"fee": "1.25", "fee_currency": "USD", "liquidity": "taker"}
    return {"type": "fill", **named, "at": at(seconds), **given, **more}


def cancel(order: str, seconds: float, account: str = MAIN) -> Message:
    return {"type": "canceled", "account": account, "client_order_id": order, "at": at(seconds)}


def working(order: str, seconds: float, venue: str, **terms: Any) -> list[Message]:
    """An order that rests at the venue."""
    account = terms.get("account", MAIN)
    return [
        request(order, seconds, **terms),
        submit(order, seconds + 0.1, account),
        acknowledge(order, seconds + 0.2, venue, account),
    ]


def propose(
    proposal: str, seconds: float, kind: str, side: str, quantity: str, limit_price: str
) -> Message:
    terms = {
        "side": side,
        "quantity": quantity,
        "order_type": "limit",
        "limit_price": limit_price,
        "instrument": "BTC-USD",
    }
    named = {"account": MAIN, "proposal_id": proposal, "kind": kind, "strategy": "momentum"}
    return {"type": "propose", **named, **terms, "at": at(seconds)}


def decide(kind: str, proposal: str, seconds: float, **more: Any) -> Message:
    return {
        "type": kind,
        "account": MAIN,
        "proposal_id": proposal,
        "actor": "operator:anna",
        "at": at(seconds),
        **more,
    }


def about(kind: str, order: str, seconds: float, **more: Any) -> Message:
    """A message about an order of the main account."""
    return {"type": kind, "account": MAIN, "client_order_id": order, "at": at(seconds), **more}


def certify(seconds: float, covered_to: float, fills: int, **more: Any) -> Message:
    covered = {
        "covered_from": at(0),
        "covered_to": at(covered_to),
        "orders": 2,
        "fills": fills,
        "positions": 1,
    }
    return {"type": "certify", "account": MAIN, **covered, "at": at(seconds), **more}


def story() -> list[Message]:
    entry = {"proposal_id": "P-1", "trade_id": "T-1", "role": "entry"}
    exit_ = {"proposal_id": "P-2", "trade_id": "T-1", "role": "exit"}
    btc = {"account": MAIN, "instrument": "BTC-USD"}
    unknown = {
        "venue_order_id": "V-77",
        "fill_id": "F-9",
        "side": "buy",
        "quantity": "0.1",
        "price": "64010",
    }
    return [
        {"type": "instrument", **btc, "multiplier": "1", "currency": "USD", "at": at(0)},
        {"type": "mark", **btc, "price": "64250", "at": at(600)},
        propose("P-1", 1, "entry", "buy", "0.5", "64000"),
        decide("approve", "P-1", 2),
        *working(
            "C-1", 3, "V-1", links=entry, actor="bot:momentum", text="breakout above the range"
        ),
        fill("C-1", 5, "F-1", "0.2", "64000"),
        fill("C-1", 6, "F-2", "0.3", "63999.5"),
        propose("P-2", 60, "exit", "sell", "0.5", "64400"),
        decide("approve", "P-2", 61),
        *working("C-2", 62, "V-2", side="sell", limit_price="64400", links=exit_),
        about("request_replace", "C-2", 70, limit_price="64350", request_id="R-1"),
        about("replaced", "C-2", 71, limit_price="64350"),
        fill("C-2", 80, "F-3", "0.1", "64350"),
        propose("P-3", 90, "entry", "buy", "2", "63000"),
        decide("decline", "P-3", 91, reason="enough_for_today"),
        request("C-3", 100, quantity="0.3"),
        submit("C-3", 100.1),
        about("unresolved", "C-3", 105, reason="timeout"),
        *working("C-4", 110, "V-4", strategy="maker"),
        cancel("C-4", 120),
        request("C-5", 130),
        submit("C-5", 130.1),
        about("rejected", "C-5", 131, reason="insufficient_margin"),
        request("C-6", 140),
        {"type": "fill", **btc, **unknown, "at": at(150)},
        *working(
            "S-1",
            160,
            "W-1",
            account=SECOND,
            instrument="ETH-USD",
            limit_price="3200",
            quantity="4",
            strategy="maker",
        ),
        {
            "type": "gap",
            "account": MAIN,
            "from": at(200),
            "to": at(230),
            "reason": "disconnected",
            "at": at(230),
        },
        certify(195, 190, 3),
        certify(305, 300, 4, open_breaks=[{"id": "position_differs:BTC-USD", "since": at(250)}]),
        *working(
            HOSTILE, 310, "V-<b>8</b>", strategy="<script>alert(2)</script>", text="<b>bold</b>"
        ),
    ]
