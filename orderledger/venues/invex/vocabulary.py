"""Invex's words, as data: markets, statuses, sides, order types, client ids."""

import re
from datetime import date

from orderledger.domain.values import Liquidity, OrderType, Side, Status
from orderledger.infrastructure.messages.registry import Acknowledged, Canceled
from orderledger.infrastructure.messages.registry import StatusObserved as StatusReport
from orderledger.venues.base.client_ids import ClientIds
from orderledger.venues.base.order_rows import Meaning
from orderledger.venues.base.symbols import SymbolTable

NAME = "invex"
CLIENT_ID = "invex.client_order_id"
"""The alias under which an order is recorded before it is sent."""

MARKETS = SymbolTable(
    venue=NAME,
    version=1,
    as_of=date(2026, 5, 4),
    form="{base}_{quote}",
    currencies={},
    markets={
        "IRR": "BTC ETH USDT LTC XRP BCH BNB XLM TRX DOGE LINK DOT ADA SHIB AVAX SOL TON",
        "USDT": "BTC ETH LTC XRP BCH BNB XLM TRX DOGE LINK DOT ADA SHIB AVAX SOL TON",
    },
)
"""The venue's codes are the ledger's. Prices are in rial."""

OPEN = ("NOT_FILLED", "INACTIVE")
STATUSES: dict[str, Meaning] = {
    "not_filled": (Acknowledged, Status.NEW),
    "inactive": (
        StatusReport,
        Status.PENDING_NEW,
    ),  # not documented: of what changes nothing, this says the least
    "full_filled": (StatusReport, Status.FILLED),
    "canceled_by_user": (Canceled, Status.CANCELED),
    "canceled_by_system": (Canceled, Status.CANCELED),
}
"""By the word in lower case. An order that is refused after it was received is canceled by the
system too."""

ENDED = frozenset({"full_filled", "canceled_by_user", "canceled_by_system"})
SAYS_MORE = frozenset({"inactive", "canceled_by_system"})
"""Words that say more than what they are mapped to: kept as `reason`."""

SIDES = {"buyer": Side.BUY, "seller": Side.SELL}
ORDER_TYPES = {"limit": OrderType.LIMIT, "market": OrderType.MARKET}
LIQUIDITY = {"maker": Liquidity.MAKER, "taker": Liquidity.TAKER}
CLIENT_IDS = ClientIds(re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII))
UTC_OFFSET = "Z"
"""Times have no offset. They are taken for UTC, as those of requests are."""
