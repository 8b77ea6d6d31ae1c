"""The formats of a statement, by name."""

from collections.abc import Callable

from orderledger.serve.statement.as_data import as_csv, as_json
from orderledger.serve.statement.as_html import as_html
from orderledger.serve.statement.as_markdown import as_markdown
from orderledger.serve.statement.statement import Statement

FORMATS: dict[str, Callable[[Statement], str]] = {
    "html": as_html,
    "md": as_markdown,
    "csv": as_csv,
    "json": as_json,
}
