"""Tables of symbols, both ways: no row names two things, and what is not in a table is passed on as
it is."""

from datetime import date

import pytest

from orderledger.venues.base.definitions import Terms
from orderledger.venues.base.symbols import SymbolTable
from tests.venues.tables import TABLES as SPOT

TABLES = {name: table.markets for name, table in SPOT.items()}
every_table = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
RIAL, TOMAN = "IRR", "IRT"


@every_table
def test_every_row_is_read_both_ways(table: SymbolTable) -> None:
    assert table.version >= 1 and table.as_of >= date(2026, 5, 4) and len(table.rows) > 10
    for symbol, (instrument, base, quote) in table.rows.items():
        assert (table.instrument(symbol), table.symbol(instrument)) == (instrument, symbol)
        assert (table.codes(symbol), table.symbol_of(base, quote)) == ((base, quote), symbol)
        assert instrument == f"{table.currency(base)}/{table.currency(quote)}"
        assert table.terms(instrument) == Terms.spot(*instrument.split("/"))


@every_table
@pytest.mark.parametrize(
    "symbol", ["NEW-RLS", "NEWIRT", "NEW_EUR", "BTC", "btc-rls", "IRR_BTC", "\ufdfc"]
)
def test_what_is_not_in_the_table_keeps_the_venue_s_symbol_and_nothing_is_guessed_of_it(
    table: SymbolTable, symbol: str
) -> None:
    assert table.instrument(symbol) == f"{table.venue}:{symbol}"
    assert table.symbol(f"{table.venue}:{symbol}") == symbol
    assert table.terms(f"{table.venue}:{symbol}") is None
    assert table.codes(symbol) is None


@every_table
@pytest.mark.parametrize("instrument", ["BTC/EUR", "elsewhere:BTC-RLS", "BTC", "", ":"])
def test_an_instrument_of_another_venue_has_no_symbol(table: SymbolTable, instrument: str) -> None:
    assert (table.symbol(instrument), table.terms(instrument)) == (None, None)


def test_one_market_has_three_names_and_the_rial_is_not_the_toman() -> None:
    assert (
        TABLES["nobitex"].instrument("BTC-RLS")
        == TABLES["invex"].instrument("BTC_IRR")
        == f"BTC/{RIAL}"
    )
    assert TABLES["wallex"].instrument("BTCTMN") == f"BTC/{TOMAN}"
    assert [table.symbol("BTC/USDT") for table in TABLES.values()] == [
        "BTC_USDT",
        "BTC-USDT",
        "BTCUSDT",
    ]
    assert TABLES["wallex"].symbol(f"BTC/{RIAL}") is None


def test_what_is_recorded_under_the_name_that_it_had_before_its_row_is_still_found() -> None:
    assert TABLES["nobitex"].symbol("nobitex:BTC-RLS") == "BTC-RLS"


@pytest.mark.parametrize("markets", [{"RLS": "BTC BTC"}, {"RLS": "BTC", "IRR": "BTC"}])
def test_a_table_that_names_something_twice_is_refused(markets: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="twice"):
        SymbolTable(
            venue="x",
            version=1,
            as_of=date(2026, 5, 4),
            form="{base}-{quote}",
            currencies={"RLS": "IRR"},
            markets=markets,
        )
