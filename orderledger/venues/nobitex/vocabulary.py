"""Nobitex's words, as data: markets, statuses, sides, order types, codes of refusals."""

import re
from datetime import date

from orderledger.domain.values import OrderType, Side, Status
from orderledger.infrastructure.messages.registry import Acknowledged, Canceled, Rejected
from orderledger.infrastructure.messages.registry import StatusObserved as StatusReport
from orderledger.venues.base.client_ids import ClientIds
from orderledger.venues.base.order_rows import Meaning
from orderledger.venues.base.symbols import SymbolTable

NAME = "nobitex"
CLIENT_ID = "nobitex.clientOrderId"
"""The alias under which an order is recorded before it is sent."""

MARKETS = SymbolTable(
    venue=NAME,
    version=1,
    as_of=date(2026, 5, 4),
    form="{base}-{quote}",
    currencies={"RLS": "IRR"},
    markets={
        "RLS": "BTC ETH USDT LTC XRP BCH BNB EOS XLM ETC TRX DOGE UNI DAI LINK DOT AAVE ADA SHIB "
        "FTM MATIC AXS MANA SAND AVAX "
        "MKR GMT ATOM SOL NEAR APT ARB TON PMN 1M_PEPE 100K_FLOKI 1B_BABYDOGE",
        "USDT": "BTC ETH LTC XRP BCH BNB EOS XLM ETC TRX DOGE UNI DAI LINK DOT AAVE ADA SHIB FTM "
        "MATIC AXS MANA SAND AVAX "
        "MKR GMT ATOM SOL NEAR APT ARB TON PMN 1M_PEPE 100K_FLOKI 1B_BABYDOGE",
    },
)
"""Symbols as in the field `market` of orders. Prices are in rial, also where a market's other name
ends in IRT. The unit of a scaled coin (`1M_PEPE`) is the multiple."""

QUOTES_OF_NAMES = {"IRT": "RLS", "USDT": "USDT"}
"""How names of markets end in lists and channels (`BTCIRT`), and the code that is meant."""

STATUSES: dict[str, Meaning] = {
    "new": (StatusReport, Status.PENDING_NEW),  # is being validated, and may still be rejected
    "active": (Acknowledged, Status.NEW),
    "inactive": (Acknowledged, Status.NEW),  # waits for its stop price
    "done": (StatusReport, Status.FILLED),
    "canceled": (Canceled, Status.CANCELED),
    "rejected": (Rejected, Status.REJECTED),
}
"""By the word in lower case. A partial fill has no word: it shows in `matchedAmount`, also of a
canceled order."""

ENDED = frozenset({"done", "canceled", "rejected"})
SAYS_MORE = frozenset({"inactive"})
"""Words that say more than what they are mapped to: kept as `reason`."""

SIDES = {"buy": Side.BUY, "sell": Side.SELL}
ORDER_TYPES = {
    "limit": OrderType.LIMIT,
    "market": OrderType.MARKET,
    "stoplimit": OrderType.STOP_LIMIT,
    "stopmarket": OrderType.STOP,
}
"""By the word in lower case without `_`: it comes as `StopLimit` and as `stop_limit`."""

OK = "ok"
NOT_FOUND = frozenset({"NotFound", "OrderNotFound"})
TOO_MANY = "TooManyRequests"

PUSHED = {
    "id": "orderId",
    "type": "side",
    "execution": "orderType",
    "matchedAmount": "filledAmount",
    "averagePrice": "avgFilledPrice",
    "created_at": "eventTime",
}
"""The fields of an order's row, by their names in frames of the websocket."""

CLIENT_IDS = ClientIds(re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII))
