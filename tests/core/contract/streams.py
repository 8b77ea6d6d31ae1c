"""One stream of messages for the contract tests: every type of message, and ids that no store
should trip over."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from orderledger import Ledger, Message, parse_document
from orderledger.infrastructure.clock import SteppingClock
from orderledger.projections.positions import Method

START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
MADE_AT = datetime(2026, 3, 3, tzinfo=UTC)
IDS = (
    "plain",
    "UPPER-and-lower",
    "upper-AND-lower",
    "007",
    "7",
    "größe-注文-🧾",
    "e\u0301",
    "é",
    "a/b/c",
    "a#venue/b",
    "100%",
    "%2F",
    "%25",
    "it's",
    '"quoted"',
    "'; DROP TABLE orderledger_events; --",
    "back\\slash",
    "{braces}",
    "?",
    "%s",
    "$1",
    ":name",
    "a=b=c",
    " space ",
    "x" * 200,
    "語" * 200,
)
ACCOUNTS = ("sim:main", "a/b", "a#b", "a%2Fb", "a%b", "größe/注文")


def opened(url: str, **settings: Any) -> Ledger:
    """Its clock begins after all that the messages tell of."""
    return Ledger.open(url, clock=SteppingClock(MADE_AT), **settings)


def parsed(*documents: dict[str, Any]) -> list[Message]:
    return [parse_document(document) for document in documents]


def moment(second: float) -> str:
    return (START + timedelta(seconds=second)).isoformat()


def request(
    client_order_id: str, second: float = 0, account: str = "sim:main", **fields: Any
) -> dict[str, Any]:
    terms = {
        "instrument": "BTC-USD",
        "side": "buy",
        "quantity": "10",
        "order_type": "limit",
        "limit_price": "100",
    }
    return {
        "type": "request",
        "account": account,
        "client_order_id": client_order_id,
        "at": moment(second),
        **terms,
        **fields,
    }


def fill(
    client_order_id: str | None,
    fill_id: str,
    second: float = 1,
    account: str = "sim:main",
    **fields: Any,
) -> dict[str, Any]:
    named = {} if client_order_id is None else {"client_order_id": client_order_id}
    numbers = {
        "fill_id": fill_id,
        "quantity": "1",
        "price": "100.5",
        "instrument": "BTC-USD",
        "side": "buy",
    }
    return {"type": "fill", "account": account, **named, "at": moment(second), **numbers, **fields}


def report(kind: str, client_order_id: str, second: float, **fields: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "account": "sim:main",
        "client_order_id": client_order_id,
        "at": moment(second),
        **fields,
    }


def of_account(type_: str, second: float, **fields: Any) -> dict[str, Any]:
    return {"type": type_, "account": "sim:main", "at": moment(second), **fields}


def lives(count: int, account: str = "sim:main") -> list[dict[str, Any]]:
    """Short lives of orders, one after the other."""
    return [
        message
        for number in range(count)
        for message in (
            request(f"C-{number}", number, account),
            {
                **report("acknowledged", f"C-{number}", number + 0.1, venue_order_id=f"V-{number}"),
                "account": account,
            },
            fill(
                f"C-{number}",
                f"F-{number}-1",
                number + 0.2,
                account,
                fee="0.01",
                fee_currency="USD",
            ),
            fill(
                None,
                f"F-{number}-2",
                number + 0.3,
                account,
                venue_order_id=f"V-{number}",
                quantity="9",
            ),
        )
    ]


def story() -> list[dict[str, Any]]:
    """Every type of message, most of what can be odd, and every id of `IDS` as each kind of id."""
    term = {"instrument": "ETH-USD", "side": "sell", "quantity": "3", "order_type": "stop_limit"}
    proposal = {**term, "limit_price": "90", "stop_price": "91", "strategy": "s", "kind": "exit"}
    told = [
        of_account(
            "instrument",
            0,
            instrument="ETH-USD",
            multiplier="0.1",
            currency="USD",
            tick="0.01",
            lot="0.001",
        ),
        of_account(
            "instrument", 0, instrument="BTC-PERP", inverse=True, multiplier="100", currency="BTC"
        ),
        of_account(
            "propose",
            0,
            proposal_id="P-1",
            **proposal,
            links={"group": "g"},
            tags={"n": 1.5, "deep": {"b": [1], "a": None}},
        ),
        of_account("propose", 0, proposal_id="P-2", **proposal),
        of_account("approve", 1, proposal_id="P-1", actor="me", text="why not"),
        of_account("decline", 1, proposal_id="P-2", reason="limit"),
        of_account(
            "adjust", 1, instrument="BTC-USD", quantity="-4", price="95.5", reason="opening"
        ),
        of_account("funding", 2, instrument="BTC-USD", amount="-0.125", currency="USD"),
        of_account("mark", 3, instrument="BTC-USD", price="99"),
        of_account("balance", 3, instrument="BTC-USD", quantity="-3", average_price="95"),
        of_account("gap", 3, **{"from": moment(1), "to": moment(2)}, reason="reconnect"),
        of_account(
            "certify",
            3,
            covered_from=moment(0),
            covered_to=moment(3),
            orders=0,
            fills=0,
            positions=1,
        ),
        request(
            "C-1",
            0,
            strategy="s1",
            links={"trade_id": "T-1", "role": "entry"},
            tags={"z": 1, "a": [1, "2"]},
        ),
        request(
            "C-2", 0, side="sell", time_in_force="gtc", order_type="trailing_stop", limit_price=None
        ),
        report("submit", "C-1", 0.5, aliases={"index": "81274"}),
        fill(None, "F-0", 1, aliases={"other": "9"}),
        fill(
            None,
            "F-1",
            1.5,
            aliases={"index": "81274"},
            fee="-0.0000000000000000000000000001",
            liquidity="maker",
        ),
        report(
            "acknowledged",
            "C-1",
            1,
            venue_order_id="V-1",
            reported={"status": "new", "cum_quantity": "0", "quantity": "10"},
        ),
        report(
            "request_replace",
            "C-1",
            2,
            quantity="12",
            limit_price="101",
            replacement_client_order_id="C-1b",
            request_id="Q-1",
        ),
        report(
            "replaced",
            "C-1",
            3,
            quantity="11",
            limit_price="101",
            replacement_client_order_id="C-1b",
            venue_order_id="V-1b",
        ),
        fill(
            "C-1b",
            "F-2",
            4,
            quantity="2.50",
            price="100.25",
            evidence={"raw": [1.10, "é", None], "n": 12345678901234567890},
        ),
        report(
            "fill_corrected",
            "C-1",
            5,
            fill_id="F-2c",
            corrects="F-2",
            quantity="2",
            price="100.75",
            fee="0.3",
            fee_currency="BNB",
        ),
        fill("C-1", "F-3", 5.5, quantity="1"),
        report("fill_busted", "C-1", 6, fill_id="F-3"),
        fill("C-1", "F-1", 6, quantity="77"),
        report("request_cancel", "C-1", 7, request_id="Q-2"),
        report("cancel_rejected", "C-1", 8, request_id="Q-2", reason="too_late", text="já era"),
        report(
            "status_observed",
            "C-1",
            9,
            status="partially_filled",
            pending="cancel",
            source="venue_poll",
        ),
        report("canceled", "C-1", 10, reason="liquidation"),
        fill("C-1", "F-4", 11, quantity="4"),
        report("status_observed", "C-1", 12, status="waiting", source="reconciliation"),
        report("submit", "C-2", 1, message_id="M-1", correlation_id="K", causation_id="L"),
        report("unresolved", "C-2", 2, reason="timeout"),
        report("absent", "C-2", 3),
        report("rejected", "C-2", 4, reason="duplicate_order"),
        *(
            report(kind, "C-2", 5 + n)
            for n, kind in enumerate(
                ("triggered", "suspended", "resumed", "reinstated", "stopped", "done_for_day")
            )
        ),
        report("restated", "C-2", 11, quantity="8", stop_price="80"),
        fill("C-2", "F-1", 12, side="sell", quantity="9", price="102"),
        report("expired", "C-2", 13),
        request("C-3", 0, instrument="BTC-PERP", quantity="3"),
        report("deny", "C-3", 1, reason="too_much"),
        fill("C-3", "F-1", 2, instrument="BTC-PERP", price="30000", quantity="3", fee="0.00001"),
        report("replace_rejected", "C-3", 3),
        of_account("mark", 4, instrument="BTC-PERP", price="31000"),
    ]
    # Those that could run into an account's name are told of every account; all others of one.
    separated = [name for name in IDS if {"/", "#", "%"} & set(name)]
    strange_accounts = [
        message for account in ACCOUNTS[1:] for message in strange(account, separated)
    ]
    return [*told, *strange(ACCOUNTS[0], IDS), *strange_accounts]


def strange(account: str, names: Sequence[str]) -> list[dict[str, Any]]:
    """Orders with strange ids, wherever an id can stand."""
    messages = []
    for second, name in enumerate(names):
        messages += [
            request(name, second, account, instrument=name, strategy=name, tags={name: name}),
            {
                **report("acknowledged", name, second, venue_order_id=name, aliases={name: name}),
                "account": account,
            },
            {
                **fill(None, name, second, account, aliases={name: name}, instrument=name),
                "fee": "1",
                "fee_currency": name,
            },
            {
                **report("request_cancel", name, second, request_id=f"q{name}"[:200]),
                "account": account,
            },
        ]
    return messages


def every_view(ledger: Ledger) -> dict[str, str]:
    """All answers, byte for byte."""
    recovery = ledger.recover()
    views: dict[str, Any] = {
        "orders": ledger.orders(),
        "trades": ledger.trades(include_busted=True),
        "positions": ledger.positions(),
        **{f"pnl {method}": ledger.pnl(method=method) for method in get_args(Method)},
        "pnl by": ledger.pnl(by=("account", "strategy", "day")),
        "anomalies": ledger.anomalies(),
        "proposals": ledger.proposals(),
        "recovery": [recovery.open, recovery.in_flight, recovery.unresolved, recovery.pending],
        "events": list(ledger.events()),
    }
    return {name: repr(rows) for name, rows in views.items()}
