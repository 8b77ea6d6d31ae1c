"""Wallex's words, as data: markets, statuses, sides, order types, client ids."""

import re
from datetime import date

from orderledger import OrderType, Side
from orderledger.venues.base.client_ids import ClientIds
from orderledger.venues.base.symbols import SymbolTable

NAME = "wallex"
CLIENT_ID = "wallex.clientOrderId"
"""The alias under which an order is recorded before it is sent. It is the venue's only name of the
order too."""

MARKETS = SymbolTable(
    venue=NAME,
    version=1,
    as_of=date(2026, 5, 4),
    form="{base}{quote}",
    currencies={"TMN": "IRT"},
    markets={
        "TMN": "BTC ETH USDT LTC XRP BCH BNB XLM ETC TRX DOGE UNI DAI LINK DOT AAVE ADA SHIB FTM "
        "AXS MANA SAND AVAX ATOM SOL "
        "NEAR APT ARB TON",
        "USDT": "BTC ETH LTC XRP BCH BNB XLM ETC TRX DOGE UNI LINK DOT AAVE ADA SHIB FTM AXS MANA "
        "SAND AVAX ATOM SOL NEAR APT "
        "ARB TON",
    },
)
"""Prices are in toman, which is ten rial, and another currency."""

WORKING = "new"
CANCELED = "canceled"
KNOWN = frozenset({WORKING, "filled", CANCELED, "finished"})
"""Statuses in lower case. They are not to be trusted: an order that was canceled unfilled has been
shown as FILLED. `active` and the filled quantity decide."""

SIDES = {"buy": Side.BUY, "sell": Side.SELL}
ORDER_TYPES = {
    "limit": OrderType.LIMIT,
    "market": OrderType.MARKET,
    "stop_limit": OrderType.STOP_LIMIT,
    "stop_market": OrderType.STOP,
}
CLIENT_IDS = ClientIds(re.compile(r"[A-Za-z0-9_]{1,32}", re.ASCII))
