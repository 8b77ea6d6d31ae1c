"""importers.md from the importers, the ready mappings and the model of a mapping."""

from collections.abc import Sequence
from pathlib import Path

from markdown import table

from orderledger.venues.base.row_meanings import RowMeaning
from orderledger.venues.ccxt import settlements
from orderledger.venues.hyperliquid import transfers
from orderledger.venues.importers.csv_mapping import (
    Case,
    Check,
    Coins,
    Condition,
    CsvMapping,
    FieldFrom,
    mapping_at,
    ready,
)
from orderledger.venues.importers.kinds import KINDS
from orderledger.venues.tradier import history

UNCHECKED = "nothing: unchecked"
HISTORIES = {
    "Tradier": history.ROWS,
    "Hyperliquid": transfers.ROWS,
    "OKX and Deribit, by ccxt": settlements.ROWS,
}
"""Histories of accounts that collectors read."""

INTRODUCTION = """# Importers

What `orderledger import KIND FILE --account NAME` reads. How to use it:
[Import from other programs](../how-to/import-from-other-programs.md).
Every message has the source `import` and the row as `evidence`. A second import of a file changes
nothing. Rows that cannot be read are listed with their place and the reason, and the others are
recorded. A row whose own figures contradict each other is listed with both figures: an amount
that is not the price times the quantity. Rows with nothing to record are counted by reason.

Each kind and each mapping names what it was checked with: real files, or files that the program
itself made. Those without are unchecked: compare the messages of `--dry-run` with your file
first. An unchecked mapping needs `--unchecked`.
"""

MAPPINGS = """
## Mappings of CSV files

`--mapping` takes one of these names, or a TOML file. The columns of an export change over time: a
column that is missing is named, and nothing of the file is recorded.

A file has one format of times. It is decided over all rows before the first is recorded: if the
times can be read in several ways, such as 9/5/2025, `--date-format` must say which. Times without
an offset are in the zone that the venue documents; if it documents none, `--timezone` is needed.
A file with another sign before its decimals than its mapping says is refused.

"""

OF_COLLECTORS = """
## Histories that collectors read

`collect` and `reconcile` read these rows of a venue's history of the account, and `translate` those
in a document. A listed row is among the unreadable ones.
"""

FIELDS = """
A mapping says which message a row becomes, and where its fields come from:

```toml
meaning = "My broker's fills"
checked_with = "my export of 2026-11-20, against the statement of that day"
message = "fill"
zone = "Europe/Berlin"
formats = ["%d.%m.%Y %H:%M:%S"]

[[only]]
column = "Type"
is = ["Trade"]

[fields]
fill_id = "Reference"
venue_order_id = "Order"
at = "Time"
instrument = "Symbol"
side = { column = "Side", words = { B = "buy", S = "sell" } }
quantity = { column = "Quantity", absolute = true }
price = { column = "Price", number = true }
fee = { column = "Commission", negate = true }
fee_currency = { constant = "EUR" }

[[checks]]
column = "Amount"
number = true
equals = "price * quantity"
exact = ["quantity"]
```

Figures are compared within half a unit of the last digit of each printed number; the numbers in
`exact` are printed in full. Exchanged columns of price and quantity have the same product, so no
check finds them: look at `--dry-run`.

"""


def importers() -> str:
    """The page."""
    parts = [INTRODUCTION]
    for importer in KINDS.values():
        parts += [
            (
                f"\n## {importer.name}\n\n{importer.meaning}\n\n- Gives: {importer.gives}\n- "
                f"Lacks: {importer.lacks}\n"
            )
        ]
        if importer.checked_with is not None:
            parts.append(f"- Checked with: {importer.checked_with or UNCHECKED}\n")
        if importer.rows:
            parts += ["\n", _rows(importer.rows)]
    mappings = {name: mapping_at(Path(name)) for name in ready()}
    rows = [
        (f"`{name}`", mapping.meaning, mapping.checked_with or UNCHECKED)
        for name, mapping in mappings.items()
    ]
    parts += [MAPPINGS, table(("mapping", "file", "checked with"), rows), FIELDS]
    for model in (CsvMapping, FieldFrom, Check, Condition, Case, Coins):
        fields = ", ".join(f"`{field.alias or name}`" for name, field in model.model_fields.items())
        parts.append(f"- {' '.join((model.__doc__ or '').split())} Fields: {fields}.\n")
    parts.append(OF_COLLECTORS)
    for name, rows_read in HISTORIES.items():
        parts += [f"\n### {name}\n\n", _rows(rows_read)]
    return "".join(parts)


def _rows(rows: Sequence[RowMeaning]) -> str:
    """What becomes of each kind of row, and what shows it."""
    return table(("row", "recorded as", "tested with the facts of"), rows)
