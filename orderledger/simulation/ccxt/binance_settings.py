"""The settings of an account of a simulated Binance USD-M, for programs that set leverage before
they trade, such as freqtrade.

Sources: developers.binance.com, derivatives, usds-margined-futures: "Get Current Position Mode",
"Get Current Multi-Assets Mode", "Notional and Leverage Brackets", "Change Initial Leverage" and
"Change Margin Type".
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from aiohttp import web

MOST_LEVERAGE = 20
NOTIONAL = "1000000000"


class AccountSettings:
    """One-way mode, single-asset mode, one leverage bracket. `leverage`: as last set, by symbol."""

    def __init__(self, symbols: Iterable[str]) -> None:
        self._symbols = tuple(symbols)
        self.leverage: dict[str, int] = {}

    async def position_mode(self, asked: Mapping[str, str]) -> Any:
        return {"dualSidePosition": False}

    async def asset_mode(self, asked: Mapping[str, str]) -> Any:
        return {"multiAssetsMargin": False}

    async def brackets(self, asked: Mapping[str, str]) -> Any:
        bracket = {
            "bracket": 1,
            "initialLeverage": MOST_LEVERAGE,
            "notionalCap": NOTIONAL,
            "notionalFloor": 0,
            "maintMarginRatio": "0.01",
            "cum": 0,
        }
        return [{"symbol": symbol, "brackets": [bracket]} for symbol in self._symbols]

    async def set_leverage(self, asked: Mapping[str, str]) -> Any:
        symbol, leverage = asked["symbol"], int(asked["leverage"])
        self.leverage[symbol] = leverage
        return {"leverage": leverage, "maxNotionalValue": NOTIONAL, "symbol": symbol}

    async def set_margin_type(self, asked: Mapping[str, str]) -> Any:
        return {"code": 200, "msg": "success"}


def settings_routes(symbols: Iterable[str], signed: Callable[[Any], Any]) -> Iterable[web.RouteDef]:
    """The routes of the settings. `signed` makes a handler of a method."""
    settings = AccountSettings(symbols)
    return (
        web.get("/fapi/v1/positionSide/dual", signed(settings.position_mode)),
        web.get("/fapi/v1/multiAssetsMargin", signed(settings.asset_mode)),
        web.get("/fapi/v1/leverageBracket", signed(settings.brackets)),
        web.post("/fapi/v1/leverage", signed(settings.set_leverage)),
        web.post("/fapi/v1/marginType", signed(settings.set_margin_type)),
    )
