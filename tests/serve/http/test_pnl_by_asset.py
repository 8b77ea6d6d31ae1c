"""P&L by asset over HTTP and by the command: the rows of Python."""

import json
from typing import Any

from orderledger import Ledger, parse_document
from tests.command_line import run
from tests.serve.http.harness import asked

ACCOUNT = "sim:main"


def message(type_: str, at: str, **fields: Any) -> Any:
    return parse_document({"type": type_, "account": ACCOUNT, "at": f"2026-11-17T{at}Z", **fields})


def bought(quote: str, hour: str, side: str, price: str) -> list[Any]:
    name = f"BTC{quote}"
    numbers = {"instrument": name, "side": side, "quantity": "1", "price": price}
    ids = {"venue_order_id": f"V-{quote}", "fill_id": f"F-{quote}"}
    return [
        message("instrument", "00:00:00", instrument=name, kind="spot", base="BTC", quote=quote),
        message("fill", f"{hour}:00:00", **ids, **numbers),
    ]


def test_every_door_shows_the_coin(durable_store_url: str) -> None:
    with Ledger.open(durable_store_url) as ledger:
        ledger.record_many(bought("USDT", "10", "buy", "100"))
        ledger.record_many(bought("USDC", "11", "sell", "110"))
        path = "/api/pnl?by=asset&in=USDT&parity=USDC%3DUSDT"
        (answer, refused) = asked(ledger, path, "/api/pnl?in=USDT")
    printed = run(
        *("pnl", "--by", "asset", "--in", "USDT", "--parity", "USDC=USDT"),
        *("--json", "--db", durable_store_url),
    )
    assert answer.status_code == 200, answer.text
    rows = answer.json()["rows"]
    assert rows == [json.loads(line) for line in printed.out.splitlines()]
    coins = {row["asset"]: (row["position_quantity"], row["realized_pnl"]) for row in rows}
    assert coins["BTC"] == ("0", "10")
    assert refused.status_code == 400
