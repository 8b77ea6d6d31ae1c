"""importers.md from the importers, the ready mappings and the model of a mapping."""

from pathlib import Path

from markdown import table

from orderledger.infrastructure.importers.csv_mapping import Condition, CsvMapping, FieldFrom, mapping_at, ready
from orderledger.infrastructure.importers.kinds import KINDS

INTRODUCTION = """# Importers

What `orderledger import KIND FILE --account NAME` reads. How to use it:
[Import from other programs](../how-to/import-from-other-programs.md).
Every message has the source `import` and the row as `evidence`. A second import of a file changes nothing. Rows that cannot be
read are listed with their place and the reason, and the others are recorded.
"""

MAPPINGS = """
## Mappings of CSV files

`--mapping` takes one of these names, or a TOML file. The columns of an export change over time: a column that is missing is
named, and nothing of the file is recorded.

"""

FIELDS = """
A mapping says which message a row becomes, and where its fields come from:

```toml
meaning = "My broker's fills"
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
```

"""


def importers() -> str:
    """The page."""
    parts = [INTRODUCTION]
    for importer in KINDS.values():
        parts += [f"\n## {importer.name}\n\n{importer.meaning}\n\n- Gives: {importer.gives}\n- Lacks: {importer.lacks}\n"]
    names = [(f"`{name}`", mapping_at(Path(name)).meaning) for name in ready()]
    parts += [MAPPINGS, table(("mapping", "file"), names), FIELDS]
    for model in (CsvMapping, FieldFrom, Condition):
        fields = ", ".join(f"`{field.alias or name}`" for name, field in model.model_fields.items())
        parts.append(f"- {' '.join((model.__doc__ or '').split())} Fields: {fields}.\n")
    return "".join(parts)
