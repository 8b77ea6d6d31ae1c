"""ccxt: unified orders, trades, positions, balances and fundings, as its methods return them."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from orderledger import InvalidMessage, Message
from orderledger.venues.base.venue import Records
from orderledger.venues.ccxt.context import CcxtContext
from orderledger.venues.ccxt.translate import PARTS, translated


def from_ccxt(
    obj: object,
    *,
    account: str,
    exchange: str = "",
    at: datetime | None = None,
    instruments: Mapping[str, str] | None = None,
    records: Records | None = None,
) -> list[Message]:
    """The messages of a unified row of ccxt, or of a list of rows: orders, trades, positions,
    fundings, or a balance.

    - `exchange`: ccxt's id of the exchange, e.g. `binance`, for its own rules.
    - `at`: time of receipt, for rows without a time of their own.
    - `instruments`: the ledger's names of instruments, by symbol (`BTC/USDT`), where they differ.
    - `records`: finds orders of the ledger; without it, a client id counts as ours unless the
      exchange makes it up; if no exchange is named, no client id does.

    Raises InvalidMessage, naming the field, if it is not such a row or cannot be read.
    """
    context = CcxtContext(
        account=account,
        received_at=at,
        records=records,
        exchange=exchange or None,
        equal_trades=Counter(),
    )
    return _messages_of(obj, context, instruments)


def reader(
    *, account: str, exchange: str, instruments: Mapping[str, str] | None
) -> Callable[[object], list[Message]]:
    """`from_ccxt` for the rows of one file, which are one answer."""
    context = CcxtContext(account=account, exchange=exchange or None, equal_trades=Counter())
    return lambda row: _messages_of(row, context, instruments)


def _messages_of(
    obj: object, context: CcxtContext, instruments: Mapping[str, str] | None
) -> list[Message]:
    rows = list(obj) if isinstance(obj, (list, tuple)) else [obj]
    translation = translated([{part_of(row): row} for row in rows], context)
    if translation.faults:
        field, _, fault = translation.faults[0].fault.partition(" ")
        raise InvalidMessage(field, fault)
    return [_renamed(message, instruments or {}) for message in translation.messages]


def part_of(row: Any) -> str:
    """The kind of a row, by its fields. Raises InvalidMessage if ccxt has no such row."""
    if isinstance(row, Mapping):
        names = row.keys()
        if {"symbol", "price", "amount", "side"} <= names and (
            "takerOrMaker" in names or "status" not in names
        ):
            return "trade"
        if {"id", "symbol", "status"} <= names and names & {"filled", "remaining", "clientOrderId"}:
            return "order"
        if {"symbol", "contracts"} <= names:
            return "position"
        if {"symbol", "code", "amount"} <= names:
            return "funding"
        if {"free", "used", "total"} <= names:
            return "balance"
    raise InvalidMessage("obj", f"{type(row).__name__} is not a row of ccxt: {', '.join(PARTS)}")


def _renamed(message: Message, instruments: Mapping[str, str]) -> Message:
    name = instruments.get(getattr(message, "instrument", None) or "")
    return message if name is None else message.model_copy(update={"instrument": name})
