"""The meanings of the words of ledger entries: words that ccxt unifies, and own words of exchanges
that are more precise."""

from collections.abc import Mapping
from enum import Enum
from typing import Final, Literal

from orderledger import TransferKind


class _Mark(Enum):
    READ_ELSEWHERE = "read elsewhere"
    CROSSING = "deposit or withdrawal"


READ_ELSEWHERE: Final = _Mark.READ_ELSEWHERE
"""A trade, its fee, its profit, or a funding."""
CROSSING: Final = _Mark.CROSSING
"""A deposit or a withdrawal, by its direction."""
Meaning = TransferKind | Literal[_Mark.READ_ELSEWHERE, _Mark.CROSSING]
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
