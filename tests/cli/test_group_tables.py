"""Tables of orders that belong to groups: short enough to read."""

import json
from pathlib import Path
from typing import Any

import pytest

from orderledger import Acknowledged, Ledger, Request, Submit
from tests.command_line import run

ACCOUNT = "sim:main"
GROUP = {"group": "G-1", "kind": "bracket"}


def request(name: str, side: str = "buy", **more: Any) -> Request:
    return Request(
        **{
            "account": ACCOUNT,
            "client_order_id": name,
            "instrument": "BTC-USD",
            "side": side,
            "quantity": "0.5",
            "order_type": "limit",
            "limit_price": "64000",
            **more,
        }
    )


@pytest.fixture
def db(tmp_path: Path) -> str:
    url = str(tmp_path / "orders.db")
    first: dict[str, Any] = {"account": ACCOUNT, "client_order_id": "C-1"}
    with Ledger.open(url) as ledger:
        ledger.record_many(
            [
                request("C-1", links={**GROUP, "role": "entry"}, tags={"desk": "A"}),
                request("C-1-tp", "sell", links={**GROUP, "role": "exit", "parent": "C-1"}),
                request("C-1-sl", "sell", links={**GROUP, "role": "exit", "parent": "C-1"}),
                request("C-2", links={"trade_id": "T-1"}),
                Submit(**first, aliases={"lighter.client_order_index": "81274"}),
                Acknowledged(**first, venue_order_id="V-1"),
            ]
        )
    return url


@pytest.mark.parametrize("question", ["orders", "recover"])
def test_a_piped_table_of_a_bracket_shows_links_as_words_and_fits(db: str, question: str) -> None:
    lines = run(question, "--db", db).out.splitlines()
    assert max(map(len, lines)) <= 250
    links = {line.split()[0]: line.split("limit")[-1].strip() for line in lines if "limit" in line}
    assert (links["C-1"], links["C-1-tp"]) == ("entry in G-1", "exit of C-1 in G-1")
    assert links["C-2"] == "trade_id=T-1"
    assert not {"tags", "aliases", "origin"} & set(lines[0].split())


def test_json_has_every_field_of_an_order_in_a_group(db: str) -> None:
    rows = [json.loads(line) for line in run("orders", "--json", "--db", db).out.splitlines()]
    first = next(row for row in rows if row["client_order_id"] == "C-1")
    assert first["links"] == {**GROUP, "role": "entry"}
    assert [one["client_order_id"] for one in first["group_orders"]] == ["C-1-sl", "C-1-tp"]
    assert first["aliases"] == {"lighter.client_order_index": "81274"}


def test_an_order_that_was_made_elsewhere_has_its_origin_in_the_table(db: str) -> None:
    with Ledger.open(db) as ledger:
        ledger.record(Acknowledged(account=ACCOUNT, venue_order_id="V-9"))
    assert "external" in run("orders", "--db", db).out
