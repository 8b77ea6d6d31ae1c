"""The halts in force, and which of them applies to an order."""

from collections.abc import Iterable, Mapping

from orderledger import HaltMode
from orderledger.extend.events import accounts
from orderledger.gateway.limits import Proposed
from orderledger.rows import HaltRow


def halt_of(halts: Iterable[HaltRow], order: Proposed) -> HaltRow | None:
    """A halt that applies to an order: the first that stops everything, else the first that
    lets pass what reduces a position."""
    scope = (order.instrument, order.strategy)
    found = [
        row
        for row in halts
        if row["account"] in (order.account, accounts.EVERY_ACCOUNT)
        and all(
            value in (None, own)
            for value, own in zip((row["instrument"], row["strategy"]), scope, strict=True)
        )
    ]
    stops = (row for row in found if row["mode"] == HaltMode.STOP)
    return next(stops, None) or next(iter(found), None)


def without_resumed(
    halts: Mapping[int, HaltRow], account: str, resumed: accounts.TradingResumed
) -> dict[int, HaltRow]:
    """The halts that remain when trading is resumed in an account, by log position."""
    return {
        position: row
        for position, row in halts.items()
        if row["account"] != account
        or not resumed.ends(row["instrument"], row["strategy"], row["reason"])
    }
