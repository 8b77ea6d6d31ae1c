"""What `sql` and `analyse` print for values that no view has, for numbers at the ends, and for what
their help promises."""

import json
import shlex
from pathlib import Path

import pytest

from orderledger import InvalidQuery, Ledger
from tests.analytics.test_marks import mark
from tests.analytics.test_pnl_of_fills import traded
from tests.command_line import run
from tests.core.contract.streams import fill, of_account, parsed, request

DEFINED = of_account("instrument", 0, instrument="BTC-USD", currency="USD")


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/ledger.db"
    with Ledger.open(url) as ledger:
        ledger.record_many(parsed(DEFINED, *traded(1, "buy", "2", "100.5"), mark(1, "101")))
        ledger.views.catch_up()
    return url


TYPES = {
    "DATE '2026-03-29'": "2026-03-29",
    "TIME '10:00:00.5'": "10:00:00.500000",
    "TIMESTAMP '2026-03-29 02:30:00'": "2026-03-29T02:30:00",
    "INTERVAL 1 DAY": "1 day",
    "TIMESTAMP '2026-03-29 10:30:00' - TIMESTAMP '2026-03-27 09:00:00.25'": "2 days 01:29:59.75",
    "INTERVAL (-90) SECOND": "-00:01:30",
    "INTERVAL 0 SECOND": "00:00:00",
    "'\\xAA'::BLOB": "aa",
    "'2e0b2f4c-7d43-4a0b-9f5a-0d3c1b2a4e5f'::UUID": "2e0b2f4c-7d43-4a0b-9f5a-0d3c1b2a4e5f",
    "[1.5, NULL]": ["1.5", None],
    "{'a': 1.5::DOUBLE}": {"a": 1.5},
}


def test_every_type_of_sql_is_printed_in_every_format(url: str) -> None:
    query = f"SELECT {', '.join(f'{sql} AS c{number}' for number, sql in enumerate(TYPES))}"
    asked = ("sql", query, "--db", url, "--format")
    (row,) = json.loads(run(*asked, "json").out)
    assert dict(zip(TYPES, row.values(), strict=True)) == TYPES
    cells = run(*asked, "csv").out.splitlines()[1]
    assert cells.endswith('aa,2e0b2f4c-7d43-4a0b-9f5a-0d3c1b2a4e5f,"[""1.5"",null]","{""a"":1.5}"')
    assert "2 days 01:29:59.75" in run(*asked, "table").out


def test_what_is_no_number_is_null_in_json(url: str) -> None:
    query = (
        "SELECT 'nan'::DOUBLE AS a, 'inf'::DOUBLE AS b, ['-inf'::DOUBLE] AS c, {'d': "
        "'nan'::DOUBLE} AS e"
    )
    printed = run("sql", query, "--db", url, "--format", "ndjson").out
    assert printed == '{"a":null,"b":null,"c":[null],"e":{"d":null}}\n'


@pytest.mark.parametrize("command", ["sql", "analyse"])
def test_the_examples_of_the_help_work(url: str, command: str) -> None:
    lines = [line.strip() for line in run(command, "--help").out.splitlines()]
    examples = [
        shlex.split(line.partition(" > ")[0])[1:]
        for line in lines
        if line.startswith(f"orderledger {command} ")
    ]
    assert len(examples) == 3
    for example in examples:
        ended = run(*[{"parquet": "csv"}.get(word, word) for word in example], "--db", url)
        assert (ended.status, ended.err) == (0, ""), example


def test_only_a_query_that_uses_the_word_at_is_told_of_it(url: str) -> None:
    assert (
        "`at` is an SQL keyword" in run("sql", "SELECT * FROM marks ORDER BY AT", "--db", url).err
    )
    assert "`at` is an SQL keyword" not in run("sql", "SELEC 1", "--db", url).err


def test_a_pivot_without_values_is_told_to_name_them(url: str) -> None:
    assert (
        "a PIVOT must name its values"
        in run("sql", "PIVOT trades ON side USING count(*)", "--db", url).err
    )
    query = (
        "SELECT buy, sell FROM (PIVOT (SELECT side FROM trades) ON side IN ('buy', 'sell') USING "
        "count(*))"
    )
    assert json.loads(run("sql", query, "--db", url, "--format", "ndjson").out) == {
        "buy": 1,
        "sell": 0,
    }


def test_numbers_of_all_sizes_are_analysed_or_refused_in_words() -> None:
    """A price of 30 digits beside one of 18 places fits no decimal of 38 digits."""
    with Ledger.open("memory://") as ledger:
        least = "0.000000000000000001"
        small = [
            request("C-1", quantity=least),
            fill("C-1", "F-1", quantity=least, price="0.0000000000001234"),
        ]
        ledger.record_many(
            parsed(
                DEFINED, *small, *traded(2, "sell", "123456789012345678", "99999999999.123456789")
            )
        )
        resting = ledger.tables.analyse("resting", by=("side", "account")).to_rows()
        assert [(row["orders"], row["largest_to_usual"]) for row in resting] == [(1, None), (1, 1)]
        with pytest.raises(
            InvalidQuery, match="turnover: a number has more digits than an analysis can hold"
        ):
            ledger.tables.analyse("turnover")


def test_an_interrupt_while_rows_are_fetched_is_no_error_of_the_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import duckdb

    from orderledger.analytics.sql import _explained

    for interrupted in (
        RuntimeError("Query interrupted"),
        duckdb.InterruptException("INTERRUPT Error: Interrupted!"),
    ):
        with pytest.raises(KeyboardInterrupt), _explained():
            raise interrupted
    with pytest.raises(RuntimeError, match="other"), _explained():
        raise RuntimeError("other")
