"""What the translation of unified rows says, for tests."""

from typing import Any

from orderledger.venues.base.venue import Records
from orderledger.venues.ccxt.context import CcxtContext
from orderledger.venues.ccxt.translate import translated

ACCOUNT = "ccxt:main"


def told(exchange: str = "bitstamp", records: Records | None = None, **parts: Any) -> list[Any]:
    translation = translated(
        {"exchange": exchange, **parts}, CcxtContext(account=ACCOUNT, records=records)
    )
    assert not translation.faults
    return list(translation.messages)


def only(exchange: str = "bitstamp", records: Records | None = None, **parts: Any) -> Any:
    (message,) = told(exchange, records, **parts)
    return message


def seen_in(row: dict[str, Any], context: CcxtContext) -> Any:
    """The message of an order in a document that does not name its exchange."""
    (message,) = translated({"order": row}, context).messages
    return message
