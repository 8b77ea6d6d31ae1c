"""A row of a view that cannot be read: recording goes on, who asks is told which row it is, and
`rebuild` mends it."""

import json
import subprocess
from pathlib import Path

import pytest

from orderledger import DamagedRow, Ledger
from tests.core.contract.sql import run_sql
from tests.core.contract.streams import every_view, fill, lives, opened, parsed, request

C_1 = "WHERE client_order_id = 'C-1'"
DAMAGES = {
    "a blob": (
        "sqlite",
        f"UPDATE orders SET quantity = x'ff00' {C_1}",
        "orders",
        "sim:main/C-1",
        "quantity",
    ),
    "no number": (
        "sqlite",
        f"UPDATE orders SET quantity = 'many' {C_1}",
        "orders",
        "sim:main/C-1",
        "quantity",
    ),
    "no UTF-8": (
        "sqlite",
        f"UPDATE orders SET status = CAST(x'ff' AS TEXT) {C_1}",
        "orders",
        "sim:main/C-1",
        "status",
    ),
    "no JSON": ("sqlite", f"UPDATE orders SET tags = '{{' {C_1}", "orders", "sim:main/C-1", "tags"),
    "no time": (
        "sqlite",
        f"UPDATE orders SET updated_at = 'soon' {C_1}",
        "orders",
        "sim:main/C-1",
        "updated_at",
    ),
    "a count": (
        "sqlite",
        "UPDATE positions SET fills = 'x' WHERE method = 'fifo'",
        "positions",
        "sim:main/BTC-USD/net//fifo",
        "fills",
    ),
    "the key": (
        "sqlite",
        f"UPDATE orders SET stream = x'ff41' {C_1}",
        "orders",
        "\\xffA",
        "stream",
    ),
    "no time there is": (
        "postgresql",
        f"UPDATE orders SET updated_at = 'infinity' {C_1}",
        "orders",
        "sim:main/C-1",
        "updated_at",
    ),
    "a trade": (
        "postgresql",
        "UPDATE trades SET at = '-infinity' WHERE fill_id = 'F-1-1'",
        "trades",
        "sim:main/C-1/F-1-1",
        "at",
    ),
}


@pytest.fixture
def url(request: pytest.FixtureRequest, damage: str) -> str:
    if DAMAGES[damage][0] == "sqlite":
        return f"sqlite:///{request.getfixturevalue('tmp_path')}/ledger.db"
    return str(request.getfixturevalue("postgres_schema_url"))


@pytest.mark.parametrize("damage", DAMAGES)
def test_it_is_named_and_mended_and_stops_no_recording(url: str, damage: str) -> None:
    _, statement, table, key, column = DAMAGES[damage]
    with opened(url, update_views=False) as ledger:
        ledger.record_many(parsed(*lives(3)))
        before = every_view(ledger)
    run_sql(url, statement)
    with opened(url, update_views=False) as ledger:
        with pytest.raises(DamagedRow) as raised:
            _ = (ledger.orders(), ledger.trades(), ledger.positions(method="fifo"))
        said = raised.value
        assert (said.table, said.key, said.column) == (table, key, column)
        assert str(said).startswith(f"row {key} of {table} is damaged: {column}: ")
        assert str(said).endswith("; `orderledger rebuild` repairs it")
        if table != "positions":
            with pytest.raises(DamagedRow, match=f"{column}: "):
                list(ledger.views.stream(table))
        differences = ledger.views.check().differences
        named = [
            difference.where
            for difference in differences
            if difference.what.startswith("is damaged: ")
        ]
        assert named == [f"{table} {key} {column}"]
        assert [one.where for one in differences if one.where not in named] == (
            ["orders sim:main/C-1"] if damage == "the key" else []
        )
        assert ledger.record(parsed(request("N-1", 9))[0]).outcome == "recorded"
        assert ledger.record(parsed(fill("C-0", "F-9", 9))[0]).outcome == "recorded"
        assert not ledger.views.rebuild().is_equal
        assert ledger.views.check().differences == ()
        assert len(ledger.orders()) == 4 and every_view(ledger)["orders"] != before["orders"]


@pytest.mark.parametrize("name", ["positions", "orders"])
def test_where_it_keeps_the_views_behind_the_log_all_of_them_are_mended(
    tmp_path: Path, name: str
) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    with opened(url, update_views=False) as ledger:
        ledger.record_many(parsed(*lives(3)))
        ledger.views.catch_up()
        run_sql(url, DAMAGES["a count"][1])
        ledger.record(parsed(fill("C-1", "F-9", 9))[0])
    with opened(url, update_views=False) as ledger:
        with pytest.raises(DamagedRow):
            ledger.orders()  # the position is read to add the fill to it
        ledger.views.rebuild([name])
        assert ledger.views.check().differences == ()
        assert [row["fills"] for row in ledger.positions()] == [7]


@pytest.mark.slow
def test_the_commands_end_with_one_sentence_and_record_to_the_end(
    tmp_path: Path, orderledger_command: Path
) -> None:
    url = f"sqlite:///{tmp_path}/orders.db"
    with Ledger.open(url, update_views=False) as ledger:
        ledger.record_many(parsed(*lives(3)))
        ledger.views.catch_up()
    run_sql(url, DAMAGES["a count"][1], DAMAGES["a blob"][1])
    (tmp_path / "messages.ndjson").write_text(
        json.dumps(fill("C-0", "F-9", 9)) + "\n" + json.dumps(request("N-1", 9)) + "\n"
    )

    def run(*arguments: str) -> tuple[int, list[str]]:
        command = [str(orderledger_command), *arguments, "--db", "orders.db"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        return done.returncode, done.stderr.splitlines() or done.stdout.splitlines()

    status, (summary, said) = run("record", "messages.ndjson")
    assert (status, summary.partition(" in ")[0]) == (
        3,
        "2 recorded, 0 duplicate, 0 refused, 0 invalid",
    )
    assert said.startswith(
        "orderledger: row sim:main/BTC-USD/net//fifo of positions is damaged: fills: "
    )
    for command in ("orders", "recover"):
        status, (said,) = run(command)
        assert status == 3 and said.endswith("; `orderledger rebuild` repairs it")
    status, (first, second, _) = run("check")
    assert status == 1
    assert first.startswith("orders sim:main/C-1 quantity: is damaged: ")
    assert second.startswith("positions sim:main/BTC-USD/net//fifo fills: is damaged: ")
    assert run("rebuild")[0] == 0 and run("check")[0] == 0
