"""The ledger of a simulated Kraken, and its lists of deposits and withdrawals.

Sources: docs.kraken.com, "Get Ledgers Info": the newest 50 entries, `start` exclusive, `end`
inclusive; support.kraken.com, "How to interpret Ledger history fields": the balance changes by the
amount, less the fee; `rollover` is a charge for a margin trade.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from orderledger import TransferKind
from orderledger.extend.values import EXACT, ZERO
from orderledger.simulation.market.rows import SimulatedFill, SimulatedTransfer
from orderledger.simulation.market.state import ExchangeState

ASSETS = {"USD": "ZUSD", "BTC": "XXBT", "ETH": "XETH"}
"""Kraken's names of currencies, by ccxt's."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PAGE = 50
CROSSINGS = (TransferKind.DEPOSIT, TransferKind.WITHDRAWAL)
Row = dict[str, Any]


def seconds(at: datetime) -> Decimal:
    return Decimal((at - EPOCH) // timedelta(microseconds=1)).scaleb(-6)


def ledgers(exchange: ExchangeState, account: str, asked: Mapping[str, str]) -> Row:
    """The answer of `Ledgers`."""
    start, end = Decimal(asked.get("start", 0)), Decimal(asked.get("end", 10**12))
    rows = [row for fill in exchange.fills(account) for row in _of_fill(fill)]
    rows += map(_of_transfer, exchange.transfers(account))
    wanted = [one for one in sorted(rows, key=_time_of) if start < _time_of(one) <= end]
    newest = wanted[::-1][:PAGE]
    return {"ledger": dict(newest), "count": len(wanted)}


def transactions(exchange: ExchangeState, account: str, kind: TransferKind) -> list[Row]:
    """The answer of `DepositStatus` or `WithdrawStatus`."""
    return [
        {
            "method": "Ether (Hex)",
            "aclass": "currency",
            "asset": ASSETS[one.currency],
            "refid": _reference(one),
            "txid": None,
            "info": "",
            "amount": f"{abs(one.amount):f}",
            "fee": "0.0000000000",
            "time": int(seconds(one.at)),
            "status": "Success",
        }
        for one in exchange.transfers(account)
        if one.kind == kind
    ]


def _of_fill(fill: SimulatedFill) -> Iterator[tuple[str, Row]]:
    """An entry for each currency. The fee is in the quote currency."""
    base, _, quote = fill.instrument.partition("/")
    paid = EXACT.copy_negate(EXACT.multiply(fill.signed_quantity, fill.price))
    sides = ((base, fill.signed_quantity, ZERO), (quote, paid, fill.fee))
    for number, (currency, amount, fee) in enumerate(sides):
        row = _row("trade", f"T{fill.fill_id}", currency, amount, fee, fill.at)
        yield f"L{fill.sequence:06d}-{number}", row


def _of_transfer(one: SimulatedTransfer) -> tuple[str, Row]:
    """A payment for borrowing is the fee of an entry without an amount."""
    amount, fee, word = one.amount, ZERO, one.reason or "transfer"
    if one.kind in CROSSINGS:
        word = one.kind.value
    elif word == "rollover":
        amount, fee = ZERO, EXACT.copy_negate(one.amount)
    row = _row(word, _reference(one), one.currency, amount, fee, one.at)
    return f"L{one.sequence:06d}", row


def _row(
    word: str, reference: str, currency: str, amount: Decimal, fee: Decimal, at: datetime
) -> Row:
    return {
        "refid": reference,
        "time": seconds(at),
        "type": word,
        "subtype": "",
        "aclass": "currency",
        "asset": ASSETS[currency],
        "amount": f"{amount:f}",
        "fee": f"{fee:f}",
    }


def _reference(one: SimulatedTransfer) -> str:
    """Of a transaction, or of what caused an entry."""
    return f"{'Q' if one.kind == TransferKind.DEPOSIT else 'A'}{one.transfer_id:06d}"


def _time_of(one: tuple[str, Row]) -> Decimal:
    return Decimal(one[1]["time"])
