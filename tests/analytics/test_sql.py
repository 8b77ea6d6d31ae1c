"""SQL over a ledger: what it reads, and that it can do nothing else."""

# ruff: noqa: E501  (statements of SQL, some on a line)

import io
import json
import sqlite3
import threading
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from orderledger import InvalidQuery, InvalidSetting, Ledger
from orderledger.analytics.reading import tables_of
from orderledger.analytics.relations import RELATIONS
from tests.analytics.test_marks import mark
from tests.analytics.test_pnl_of_fills import traded
from tests.command_line import run
from tests.core.contract.streams import START, fill, of_account, parsed, report, request

TRADES = [
    *traded(1, "buy", "2", "100.5"),
    *traded(2, "sell", "1", "110"),
    mark(1, "101"),
    mark(2, "102"),
]


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/ledger.db"
    with Ledger.open(url) as ledger:
        ledger.record_many(
            parsed(of_account("instrument", 0, instrument="BTC-USD", currency="USD"), *TRADES)
        )
        ledger.views.catch_up()
    return url


def test_a_query_joins_views_the_log_marks_and_pnl_of_fills(ledger: Ledger) -> None:
    ledger.record_many(parsed(*TRADES))
    found = ledger.tables.sql(
        'SELECT t.fill_id, t.notional, m.price, p.realized_pnl_average, e.name FROM trades t ASOF JOIN marks m ON t."at" >= m."at" '
        "JOIN pnl_of_fills p USING (stream, fill_id) JOIN events e ON e.position = t.position ORDER BY t.position"
    )
    assert [list(row.values()) for row in found.to_rows()] == [
        ["F-1", Decimal("201.0"), 101, 0, "fill_recorded.v1"],
        ["F-2", Decimal("110.0"), 102, Decimal("9.5"), "fill_recorded.v1"],
    ]


def test_a_query_is_answered_as_of_another_moment(ledger: Ledger) -> None:
    ledger.record_many(parsed(*TRADES))
    query = "SELECT count(*) AS n FROM trades"
    assert ledger.tables.sql(query).to_rows() == [{"n": 2}]
    assert ledger.tables.sql(query, as_of=3).to_rows() == [{"n": 1}]
    assert ledger.tables.sql(query, effective_at=START + timedelta(seconds=2)).to_rows() == [
        {"n": 1}
    ]


def test_all_tables_of_a_query_are_in_one_state_while_others_record(durable_store_url: str) -> None:
    """Orders and events are read one after the other: without a snapshot a record in between shows in one of them only."""
    with Ledger.open(durable_store_url) as ledger, Ledger.open(durable_store_url) as writer:
        ledger.record_many(parsed(*TRADES))
        with tables_of(ledger) as tables:
            before = len(tables.table("orders"))
            writing = threading.Thread(
                target=writer.record_many, args=(parsed(request("N-1", 9), fill("N-1", "F-9", 10)),)
            )
            writing.start()
            writing.join()
            assert len(tables.table("orders")) == before
            assert len(tables.table("trades")) == len(tables.table("pnl_of_fills")) == 2
            assert max(row["position"] for row in tables.table("events").to_rows()) == 6
        assert len(ledger.tables.read("trades")) == 3


WRITES = (
    "DROP TABLE trades", "DELETE FROM trades", "UPDATE trades SET price = 1", "INSERT INTO trades VALUES (1)", "CREATE TABLE x (a INT)",
    "CREATE VIEW x AS SELECT 1", "ATTACH 'x.db'", "COPY trades TO 'x.csv'", "COPY (SELECT 1) TO '/tmp/x.parquet'", "INSTALL httpfs",
    "LOAD httpfs", "SET memory_limit = '1TB'", "SET enable_external_access = true", "RESET ALL", "PRAGMA memory_limit = '1TB'",
    "EXPORT DATABASE '/tmp/x'", "CALL pragma_version()", "BEGIN", "CHECKPOINT", "VACUUM", "USE memory", "PREPARE p AS SELECT 1",
    "CREATE SECRET (TYPE s3)", "ALTER TABLE trades ADD COLUMN x INT", "EXPLAIN ANALYZE DELETE FROM trades", "EXPLAIN COPY trades TO 'x'",
    "WITH x AS (DELETE FROM trades RETURNING *) SELECT * FROM x", "SELECT 1; DROP TABLE trades", "", "-- nothing", "SELECT 1; SELECT 2",
)  # fmt: skip
READS_OF_OTHERS = (
    "SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM '/etc/passwd'", "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_parquet('https://example.com/x.parquet')", "SELECT * FROM glob('/etc/*')", "SELECT * FROM read_blob('/etc/hosts')",
    "FROM sqlite_scan('ledger.db', 'trades')", "SELECT * FROM query('COPY trades TO ''x''')", "SELECT getenv('HOME')",
    "SELECT * FROM words", "SELECT * FROM source", "SELECT * FROM read_json('/etc/hostname')",
)  # fmt: skip


@pytest.mark.parametrize("query", [*WRITES, *READS_OF_OTHERS])
def test_a_query_that_writes_or_reads_anything_else_is_refused(
    url: str, query: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = {
        path: path.read_bytes() for path in tmp_path.iterdir() if not path.name.endswith("-shm")
    }
    with Ledger.open(url, update_views=False) as ledger, pytest.raises(InvalidQuery) as refused:
        ledger.tables.sql(query)
    assert "\n" not in str(refused.value)
    after = {
        path: path.read_bytes() for path in tmp_path.iterdir() if not path.name.endswith("-shm")
    }
    assert after.get(tmp_path / "ledger.db") == before.get(tmp_path / "ledger.db")
    assert {path.name for path in after} - {path.name for path in before} <= {"ledger.db-wal"}


def test_faults_of_a_query_are_one_sentence(url: str) -> None:
    for query, sentence in (
        ("SELECT * FROM trade", 'Table with name trade does not exist! Did you mean "trades"?'),
        ("SELECT prise FROM trades", "prise"),
        ("SELEC 1", 'syntax error at or near "SELEC"'),
        ("SELECT max(at) FROM trades", 'write "at" in double quotes'),
        ("DROP TABLE trades", "a query may only read: DROP is refused"),
    ):
        ended = run("sql", query, "--db", url)
        assert (ended.status, ended.out) == (2, "")
        assert sentence in ended.err.splitlines()[-1]
    with (
        Ledger.open(url) as ledger,
        pytest.raises(InvalidSetting, match="'much' is not a size of memory, such as 2GB"),
    ):
        ledger.tables.sql("SELECT 1", memory_limit="much")


def test_memory_is_limited(url: str) -> None:
    with (
        Ledger.open(url) as ledger,
        pytest.raises(InvalidQuery, match="needs more memory than memory_limit allows"),
    ):
        ledger.tables.sql(
            "SELECT count(*) FROM (SELECT DISTINCT i FROM range(3000000) t(i))", memory_limit="20MB"
        )


def test_every_table_is_shown_with_its_columns(ledger: Ledger) -> None:
    assert [row["name"] for row in ledger.tables.sql("SHOW TABLES").to_rows()] == sorted(RELATIONS)
    assert {row["column_name"] for row in ledger.tables.sql("DESCRIBE marks").to_rows()} == set(
        RELATIONS["marks"].names
    )
    assert ledger.tables.sql("SELECT count(*) AS n FROM halts").to_rows() == [{"n": 0}]


def test_times_are_truncated_in_the_time_zone(ledger: Ledger) -> None:
    ledger.record_many(parsed(*TRADES))
    query = "SELECT strftime(date_trunc('hour', t.at), '%H:%M') AS hour FROM trades t LIMIT 1"
    assert ledger.tables.sql(query).to_rows() == [{"hour": "09:00"}]
    assert ledger.tables.sql(query, timezone="Asia/Kolkata").to_rows() == [{"hour": "15:00"}]
    with pytest.raises(ValueError, match="is not a time zone"):
        ledger.tables.sql(query, timezone="x'; DROP TABLE trades --")


def test_the_command_prints_every_format(url: str) -> None:
    query = 'SELECT fill_id, price, "at", price FROM trades ORDER BY ALL LIMIT 1'
    asked = ("sql", query, "--db", url, "--format")
    assert "F-1" in run(*asked, "table").out
    assert run(*asked, "csv").out.splitlines() == [
        "fill_id,price,at,price",
        "F-1,100.5,2026-03-02T09:30:01.500000Z,100.5",
    ]
    assert json.loads(run(*asked, "ndjson").out) == {
        "fill_id": "F-1", "price": "100.5", "at": "2026-03-02T09:30:01.500000Z", "price_1": "100.5",
    }  # fmt: skip
    assert run("sql", "SELECT 1 AS status, 2 AS event", "--db", url).out.split()[:2] == [
        "status",
        "event",
    ]


def test_the_command_writes_parquet(url: str, tmp_path: Path) -> None:
    path = tmp_path / "trades.parquet"
    path.touch()
    assert run("sql", "FROM trades", "--db", url, "--format", "parquet", stdout=path).status == 0
    found = pyarrow.parquet.read_table(io.BytesIO(path.read_bytes()))
    assert (found.num_rows, found.schema.field("at").type) == (2, pa.timestamp("us", tz="UTC"))


def test_analyse_is_a_command(url: str) -> None:
    shown = run("analyse", "turnover", "--db", url, "--by", "instrument", "--format", "ndjson")
    assert json.loads(shown.out)["turnover"] == "311"
    wrong = run("analyse", "turnover", "--db", url, "--by", "moon")
    assert (wrong.status, "'moon' is not a group of turnover" in wrong.err) == (2, True)
    assert run("analyse", "moon", "--db", url).status == 2


@pytest.mark.slow
def test_an_archive_is_asked_like_a_ledger(url: str, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    evidence = {"price": 0.10, "of": "F-2"}
    with Ledger.open(url) as ledger:
        ledger.record_many(
            parsed(
                {
                    **report("fill_busted", "C-2", 9, fill_id="F-2"),
                    "evidence": evidence,
                    "text": "as said",
                }
            )
        )
    assert run("archive", folder, "--db", url).status == 0
    for query in (
        *(f"FROM {name} ORDER BY ALL" for name in RELATIONS),
        "SELECT sum(notional) FROM trades",
    ):
        asked = ("sql", query, "--format", "ndjson")
        assert run(*asked, "--archive", folder) == run(*asked, "--db", url)
    analysed = ("analyse", "pnl", "--format", "csv")
    assert run(*analysed, "--archive", folder).out == run(*analysed, "--db", url).out
    assert (
        "has one state"
        in run("sql", "FROM trades", "--archive", folder, "--as-of", "2026-03-02T00:00:00Z").err
    )


def test_what_is_no_archive_is_named(tmp_path: Path) -> None:
    ended = run("sql", "FROM trades", "--archive", tmp_path)
    assert (ended.status, "holds no archive: manifest.json" in ended.err) == (2, True)
    (tmp_path / "manifest.json").write_text(
        '{"events": [], "views": {"trades": [{"path": "../../etc/passwd"}]}}'
    )
    assert (
        "names a file outside of the archive"
        in run("sql", "FROM trades", "--archive", tmp_path).err
    )
    (tmp_path / "manifest.json").write_text(
        '{"events": [], "views": {"trades": [{"path": "gone.parquet"}]}}'
    )
    assert "gone.parquet cannot be read" in run("sql", "FROM trades", "--archive", tmp_path).err
    (tmp_path / "manifest.json").write_text("{")
    assert "is not a manifest of an archive" in run("sql", "FROM trades", "--archive", tmp_path).err


def test_a_damaged_row_is_named(url: str) -> None:
    with Ledger.open(url) as ledger:
        ledger.views.catch_up()
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    connection.execute("UPDATE trades SET price = 'much' WHERE fill_id = 'F-1'")
    connection.commit()
    connection.close()
    ended = run("sql", "SELECT sum(price) FROM trades", "--db", url)
    assert (ended.status, "trades" in ended.err, "Traceback" in ended.err) == (3, True, False)
