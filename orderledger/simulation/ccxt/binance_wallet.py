"""The futures wallet of a simulated Binance USD-M: its income rows, and the balances that they add
up to.

Sources: developers.binance.com, "Get Income History": every flow is a row, printed with eight
decimals; realized profit, commission and funding are rows of their own; `tranId` is unique within
an `incomeType`. "Account Information V3": `walletBalance` of each asset, and `marginBalance`, which
includes the unrealized profit. Each row moves the wallet by what it prints.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from orderledger.extend.values import EXACT, ZERO
from orderledger.simulation.market.rows import SimulatedFill
from orderledger.simulation.market.state import ExchangeState

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PRINTED = Decimal("1E-8")
MOST_ROWS = 1_000
WORDS = {"liquidation": "INSURANCE_CLEAR"}
"""A liquidation has a fee of its own (docs.traderwagon.com, "Liquidation Protocol")."""
Row = dict[str, Any]


def symbol_of(instrument: str) -> str:
    """ccxt's `ETH/USDT:USDT` in Binance's notation."""
    return instrument.partition(":")[0].replace("/", "")


def milliseconds(at: datetime) -> int:
    return (at - EPOCH) // timedelta(milliseconds=1)


def income(exchange: ExchangeState, account: str, currency: str) -> list[Row]:
    """All flows of an account, the oldest first. `currency`: that of profits."""
    rows: list[tuple[int, Row]] = []
    for fill in exchange.fills(account):
        rows += ((fill.sequence, row) for row in _of_fill(fill, currency))
    for paid in exchange.fundings(account):
        named = ("FUNDING_FEE", paid.instrument, paid.currency, paid.sequence)
        rows.append((paid.sequence, _row(*named, paid.amount, paid.at)))
    for moved in exchange.transfers(account):
        word = WORDS.get(moved.reason or "", moved.reason or "TRANSFER")
        named = (word, "", moved.currency, moved.transfer_id)
        rows.append((moved.sequence, _row(*named, moved.amount, moved.at)))
    return [row for _, row in sorted(rows, key=lambda one: one[0])]


def wallet(exchange: ExchangeState, account: str, currency: str) -> dict[str, Decimal]:
    """The sum of the flows of each asset."""
    held: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for row in income(exchange, account, currency):
        held[row["asset"]] = EXACT.add(held[row["asset"]], row["income"])
    return dict(held)


def account_information(exchange: ExchangeState, account: str, currency: str, now: datetime) -> Row:
    """The answer of `/fapi/v3/account`. Positions are worth what was last traded."""
    unrealized = _unrealized(exchange, account)
    held = {currency: ZERO, **wallet(exchange, account, currency)}
    assets = [
        {
            "asset": name,
            "walletBalance": amount,
            "unrealizedProfit": (profit := unrealized if name == currency else ZERO),
            "marginBalance": EXACT.add(amount, profit),
            "availableBalance": amount,
            "initialMargin": ZERO,
            "updateTime": milliseconds(now),
        }
        for name, amount in held.items()
    ]
    return {"totalWalletBalance": held[currency], "assets": assets, "positions": []}


def _of_fill(fill: SimulatedFill, currency: str) -> Iterator[Row]:
    if fill.realized:
        named = ("REALIZED_PNL", fill.instrument, currency, fill.sequence)
        yield _row(*named, fill.realized, fill.at) | {"tradeId": fill.fill_id}
    if fill.fee:
        named = ("COMMISSION", fill.instrument, fill.fee_currency, fill.sequence)
        yield _row(*named, EXACT.copy_negate(fill.fee), fill.at) | {"tradeId": fill.fill_id}


def _row(
    kind: str, instrument: str, currency: str, name: int, amount: Decimal, at: datetime
) -> Row:
    return {
        "symbol": symbol_of(instrument),
        "incomeType": kind,
        "income": EXACT.quantize(amount, PRINTED),
        "asset": currency,
        "info": kind,
        "time": milliseconds(at),
        "tranId": name,
        "tradeId": "",
    }


def _unrealized(exchange: ExchangeState, account: str) -> Decimal:
    last = {fill.instrument: fill.price for fill in exchange.fills(account)}
    profit = ZERO
    for held in exchange.positions(account):
        entry = held.average_price or ZERO
        gained = EXACT.subtract(last[held.instrument], entry)
        profit = EXACT.add(profit, EXACT.multiply(held.quantity, gained))
    return EXACT.quantize(profit, PRINTED)
