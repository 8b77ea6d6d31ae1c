"""The meanings of the words of ledger entries: words that ccxt unifies, and own words of exchanges
that are more precise."""

from collections.abc import Mapping
from enum import Enum
from typing import Final, Literal

from orderledger import TransferKind


class _Mark(Enum):
    READ_ELSEWHERE = "read elsewhere"
    CROSSING = "deposit or withdrawal"
    DELIVERED = "settlement of a contract"


READ_ELSEWHERE: Final = _Mark.READ_ELSEWHERE
"""A trade, its fee, its profit, or a funding."""
CROSSING: Final = _Mark.CROSSING
"""A deposit or a withdrawal, by its direction."""
DELIVERED: Final = _Mark.DELIVERED
"""The end of a contract: a settlement."""
Meaning = TransferKind | Literal[_Mark.READ_ELSEWHERE, _Mark.CROSSING, _Mark.DELIVERED]
OTHER, INTERNAL = TransferKind.OTHER, TransferKind.INTERNAL

UNIFIED: Mapping[str, Meaning] = {
    **dict.fromkeys(("trade", "commission", "fee", "funding"), READ_ELSEWHERE),
    **dict.fromkeys(("deposit", "withdrawal", "withdraw", "transaction"), CROSSING),
    **dict.fromkeys(("rebate", "cashback", "referral", "bonus", "prize", "Prize"), OTHER),
    "transfer": INTERNAL,
    "airdrop": TransferKind.AIRDROP,
    "interest": TransferKind.INTEREST,
}
"""Of ccxt 4.5."""

BINANCE: Mapping[str, Meaning] = {
    **dict.fromkeys(("REALIZED_PNL", "COMMISSION", "FUNDING_FEE"), READ_ELSEWHERE),
    **dict.fromkeys(("TRANSFER", "INTERNAL_TRANSFER", "CROSS_COLLATERAL_TRANSFER"), INTERNAL),
    **dict.fromkeys(("COIN_SWAP_DEPOSIT", "COIN_SWAP_WITHDRAW"), CROSSING),
    **dict.fromkeys(("WELCOME_BONUS", "CONTEST_REWARD", "REFERRAL_KICKBACK"), OTHER),
    **dict.fromkeys(("COMMISSION_REBATE", "API_REBATE", "POSITION_LIMIT_INCREASE_FEE"), OTHER),
    **dict.fromkeys(("INSURANCE_CLEAR", "AUTO_EXCHANGE"), OTHER),
}
"""`incomeType` (developers.binance.com, "Get Income History"). INSURANCE_CLEAR is the fee of a
liquidation (docs.traderwagon.com, "Liquidation Protocol"). Options and deliveries are left out:
they are profits."""

KRAKEN: Mapping[str, Meaning] = {
    "trade": READ_ELSEWHERE,
    **dict.fromkeys(("deposit", "withdrawal"), CROSSING),
    "transfer": INTERNAL,
    "rollover": TransferKind.INTEREST,
    "dividend": TransferKind.DIVIDEND,
    **dict.fromkeys(("adjustment", "credit", "spend", "receive"), OTHER),
    **dict.fromkeys(("staking", "reward", "earn", "invite bonus"), OTHER),
}
"""`type` (support.kraken.com, "How to interpret Ledger history fields"; docs.kraken.com, "Get
Ledgers Info"). `rollover` is a charge for a margin trade. `margin` and `settled`
are profits of margin trades, which are not read: they are left out."""

OKX: Mapping[str, Meaning] = {
    **dict.fromkeys(("2", "5", "8", "9"), READ_ELSEWHERE),
    **dict.fromkeys(("1", "6"), INTERNAL),
    "3": DELIVERED,
    "7": TransferKind.INTEREST,
    **dict.fromkeys(("4", "10", "11"), OTHER),
}
"""`type` of a bill (okx.py of ccxt 4.5.90, parse_ledger_entry_type): 1 transfer, 2 trade, 3
delivery, 4 auto token conversion, 5 liquidation, 6 margin transfer. 7 interest deduction, 8 funding
rate, 9 ADL, 10 clawback, 11 system token conversion. ccxt calls most of them a trade."""
