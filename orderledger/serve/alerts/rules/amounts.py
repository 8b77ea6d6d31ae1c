"""Rules about exposure, limits and losses."""

from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Annotated, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from orderledger.extend.messages import Identifier, Quantity
from orderledger.extend.runtime import ZoneName
from orderledger.extend.values import EXACT, plain, sides
from orderledger.extend.views import StoredViews, queries
from orderledger.gateway.limits import Limits
from orderledger.gateway.settings import GatewaySettings, read_settings
from orderledger.gateway.situation import BookSituation
from orderledger.rows import ExposureRow
from orderledger.serve.alerts.books import book_of, used_limits
from orderledger.serve.alerts.reading import State
from orderledger.serve.alerts.rule import Condition, Page, Rule


def exposures(views: StoredViews) -> list[ExposureRow]:
    return queries.exposure(views)


def position_name(row: ExposureRow) -> str:
    """The position of a row, as people write it."""
    part = sides.part_words((row["position_side"], row["position_id"]))
    return " ".join((row["account"], row["instrument"], *part))


class ExposureRule(Rule):
    """A position that reaches a limit, or would if its open orders were filled."""

    kind: Literal["exposure"]
    instrument: Identifier | None = Field(
        default=None, description="Only this instrument. Default: all."
    )
    notional: Quantity | None = Field(
        default=None, description="Worth at the mark, in the settlement currency."
    )
    quantity: Quantity | None = Field(default=None, description="Quantity, long or short.")

    subject: ClassVar = "account and instrument, with the side and id of the position if any"
    cleared: ClassVar = "the position and its open orders stay below the limit"
    page: ClassVar[Page] = "results"
    needs: ClassVar = ("notional", "quantity")

    def conditions(self, state: State) -> Iterator[Condition]:
        for row in state.rows(exposures):
            first = next(self._reached(row), None)
            if first is not None and self.instrument in (None, row["instrument"]):
                name, value, limit = first
                subject, shown = position_name(row), None if value is None else plain(value)
                reached = "has no bound" if shown is None else f"may reach {shown}"
                text = f"{subject}: the {name} {reached}, the limit is {plain(limit)}"
                yield Condition(subject, row["account"], text, {name: shown, "limit": plain(limit)})

    def _reached(self, row: ExposureRow) -> Iterator[tuple[str, Decimal | None, Decimal]]:
        """The limits that are reached, with the value: None if nothing bounds it."""
        notional = _largest(row["notional_least"], row["notional_most"])
        # without a mark the notional is unknown, which does not count as exposure
        is_known = notional is not None or row["mark_price"] is not None
        if self.notional is not None and is_known and not _is_below(notional, self.notional):
            yield "notional", notional, self.notional
        quantity = _largest(row["position_quantity_least"], row["position_quantity_most"])
        if self.quantity is not None and not _is_below(quantity, self.quantity):
            yield "quantity", quantity, self.quantity


def _largest(least: Decimal | None, most: Decimal | None) -> Decimal | None:
    return None if least is None or most is None else max(abs(least), abs(most))


def _is_below(value: Decimal | None, limit: Decimal) -> bool:
    return value is not None and value < limit


class LimitRule(Rule):
    """The use of a limit of the gateway's settings has reached a share."""

    kind: Literal["limit"]
    limits: Path = Field(description="The file of the gateway's limits.")
    share: Annotated[Decimal, Field(gt=0, le=1)] = Field(
        default=Decimal("0.8"), description="Used share of the limit, above 0 and up to 1."
    )

    subject: ClassVar = "the limit and its scope"
    cleared: ClassVar = "less of the limit is used"
    page: ClassVar[Page] = "results"

    @field_validator("limits")
    @classmethod
    def _check_limits(cls, path: Path) -> Path:
        read_settings(path)
        return path

    @cached_property
    def _gateway(self) -> GatewaySettings:
        return read_settings(self.limits)

    def conditions(self, state: State) -> Iterator[Condition]:
        highs = tuple(rule for rule in self._gateway.rules if rule.drawdown is not None)
        book = book_of(state, self._gateway.zone, highs)
        for used in used_limits(book, self._gateway):
            if used.value >= EXACT.multiply(used.limit, self.share):
                text = f"{used.subject}: {plain(used.value)} of {plain(used.limit)} is used"
                numbers = {"value": used.value, "limit": used.limit, "share": self.share}
                details = {name: plain(number) for name, number in numbers.items()}
                yield Condition(used.subject, used.account, text, details)


class DailyLossRule(Rule):
    """A loss since midnight, realized and unrealized, with fees and funding."""

    kind: Literal["daily_loss"]
    amount: Quantity = Field(description="The loss.")
    currency: Identifier | None = Field(
        default=None, description="Only this settlement currency. Default: each separately."
    )
    time_zone: ZoneName = Field(default="UTC", description="Where the day begins at midnight.")

    subject: ClassVar = "account and currency"
    cleared: ClassVar = "the loss is smaller, or the next day begins"
    page: ClassVar[Page] = "results"

    def conditions(self, state: State) -> Iterator[Condition]:
        book = book_of(state, ZoneInfo(self.time_zone))
        situation = BookSituation(book)
        for account in sorted(book.accounts):
            losses = situation.losses(Limits(account=account)) if self.covers(account) else {}
            for currency, loss in sorted(losses.items()):
                if self.currency in (None, currency) and loss >= self.amount:
                    text = (
                        f"{account}: the loss of this day is {plain(loss)} {currency}, the limit "
                        f"is {plain(self.amount)}"
                    )
                    details = {
                        "loss": plain(loss),
                        "currency": currency,
                        "limit": plain(self.amount),
                    }
                    yield Condition(f"{account} {currency}", account, text, details)
