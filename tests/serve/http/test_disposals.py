"""Closed lots over HTTP and by the command: the rows of Python, now and as of other times."""

import json
from typing import Any

from orderledger import Ledger, parse_document
from tests.command_line import run
from tests.serve.http.harness import asked

ACCOUNT = "ib:U1"


def fill(number: str, day: int, side: str, quantity: str, price: str) -> Any:
    of = {
        "type": "fill",
        "account": ACCOUNT,
        "instrument": "XYZ",
        "at": f"2026-03-{day:02}T15:00:00Z",
    }
    ids = {"venue_order_id": f"V-{number}", "fill_id": number}
    return parse_document({**of, **ids, "side": side, "quantity": quantity, "price": price})


DEFINED = {
    "type": "instrument", "account": ACCOUNT, "instrument": "XYZ", "kind": "security",
    "quote": "USD", "at": "2026-03-01T00:00:00Z",
}  # fmt: skip


def test_every_door_answers_as_of_other_times(durable_store_url: str) -> None:
    """The sale of the fourth day is recorded after that of the fifth."""
    with Ledger.open(durable_store_url) as ledger:
        ledger.record_many([parse_document(DEFINED), fill("1", 2, "buy", "30", "10")])
        ledger.record(fill("2", 5, "sell", "10", "12"))
        position = ledger.log.position()
        ledger.record(fill("3", 4, "sell", "20", "13"))
        whens: dict[str, list[str]] = {
            "": [],
            f"as_of={position}": ["--as-of", f"@{position}"],
            "effective_at=2026-03-04T16:00:00Z": ["--effective-at", "2026-03-04T16:00:00Z"],
            "method=lifo&year=2026&instrument=XYZ": ["--method", "lifo", "--year", "2026"],
        }
        answers = asked(ledger, *(f"/api/disposals?{one}" for one in whens))
    sold = []
    for answer, options in zip(answers, whens.values(), strict=True):
        assert answer.status_code == 200, answer.text
        rows = answer.json()["rows"]
        printed = run("disposals", *options, "--json", "--db", durable_store_url)
        assert rows == [json.loads(line) for line in printed.out.splitlines()], options
        sold.append([(row["quantity"], row["realized_pnl"]) for row in rows])
    both = [("20", "60"), ("10", "20")]
    assert sold == [both, [("10", "20")], [("20", "60")], both]
