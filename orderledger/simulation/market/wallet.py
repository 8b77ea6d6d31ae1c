"""The wallet of an account at a simulated exchange, as its venue keeps it.

- A fill at spot (`BASE/QUOTE`) moves both currencies, and its fee is paid from the currency that
  the row names (developers.wallex.ir, orders: `feeAsset`).
- A fill of any other instrument is margined and moves the realized profit, by average cost
  (hyperliquid.gitbook.io, "Entry price and pnl"). The fee is as rounded in its row.
- Fundings and transfers move it by the amounts of their rows.
"""

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction

from orderledger.extend.values import EXACT, QUOTIENT, ZERO
from orderledger.simulation.market.state import ExchangeState

Wallet = dict[str, Decimal]


def wallet_of(exchange: ExchangeState, account: str, currency: str) -> Wallet:
    """The balance of each currency. `currency`: that of margined instruments."""
    wallet: Wallet = defaultdict(lambda: ZERO)
    traded: dict[str, Fraction] = defaultdict(Fraction)
    for fill in exchange.fills(account):
        paid = EXACT.multiply(fill.signed_quantity, fill.price)
        base, is_pair, quote = fill.instrument.partition("/")
        if is_pair and ":" not in quote:  # ccxt's names of contracts end with `:SETTLEMENT`
            _add(wallet, base, fill.signed_quantity)
            _add(wallet, quote, EXACT.copy_negate(paid))
        else:
            traded[fill.instrument] -= Fraction(paid)
        _add(wallet, fill.fee_currency, EXACT.copy_negate(fill.fee))
    for instrument, received in traded.items():
        position = exchange.position(account, instrument)
        realized = received + Fraction(position.quantity) * position.entry
        numbers = Decimal(realized.numerator), Decimal(realized.denominator)
        _add(wallet, currency, QUOTIENT.divide(*numbers))
    for funding in exchange.fundings(account):
        _add(wallet, funding.currency, funding.amount)
    for transfer in exchange.transfers(account):
        _add(wallet, transfer.currency, transfer.amount)
    return dict(wallet)


def _add(wallet: Wallet, currency: str, amount: Decimal) -> None:
    wallet[currency] = EXACT.add(wallet[currency], amount)
