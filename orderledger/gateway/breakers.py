"""Breakers: watch sending and the feeds, and halt trading when something is wrong. Each halt is an
event with its cause."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypedDict

from orderledger import Halt, HaltEnd, Rejected, ResumeTrading
from orderledger.extend.messages import numbers_and_times
from orderledger.extend.values import plain
from orderledger.gateway.book import Book
from orderledger.gateway.limits import Limits
from orderledger.gateway.published import ACTOR, is_of_scope
from orderledger.gateway.results import Sending
from orderledger.gateway.settings import Breaker
from orderledger.gateway.situation import BookSituation
from orderledger.rows import OrderRow

MINUTE = timedelta(minutes=1)
ENDING = ("feed_age_seconds", "open_break")
"""The conditions that can end by themselves."""

Cause = tuple[str, str]
"""Why trading is halted: a code and a sentence."""

Condition = tuple[str, str, str | None, str | None]
"""A condition that a breaker watches: its name, limit, current value, and the currency of
losses.
"""

FindLosses = Callable[[Limits], Mapping[str, Decimal]]


class ConditionRow(TypedDict):
    """A condition of a breaker as a gateway publishes it."""

    breaker: str
    instrument: str | None
    strategy: str | None
    cancels_orders: bool
    limit: str
    value: str | None
    currency: str | None


class Breakers:
    """All breakers of a gateway."""

    def __init__(self, breakers: Sequence[Breaker], book: Book) -> None:
        self._watches = [
            Watch(breaker, account, book)
            for breaker in breakers
            for account in _accounts(breaker, book)
        ]

    def __bool__(self) -> bool:
        return bool(self._watches)

    def note(
        self, result: Sending, row: OrderRow | None, at: datetime, *, is_failure: bool
    ) -> None:
        """Count the result of sending an order."""
        for watch in self._watches:
            if watch.covers(result.account, row):
                watch.note(result, at, is_failure=is_failure)

    def halts(self, at: datetime, status: Mapping[str, Any]) -> Iterator[Halt]:
        """The halts to record now: one for each breaker and account that has tripped and is not
        halted yet.
        """
        for watch in self._watches:
            if not watch.is_halted() and (cause := watch.cause(at, status)) is not None:
                yield watch.halt(at, *cause)

    def resumes(self, at: datetime, status: Mapping[str, Any]) -> Iterator[ResumeTrading]:
        """The ends to record now: of halts of these breakers whose condition is over, and that may
        end by themselves.
        """
        for watch in self._watches:
            yield from watch.resumes(at, status)

    def shown(self, at: datetime, status: Mapping[str, Any]) -> dict[str, list[ConditionRow]]:
        """The current conditions of the breakers by account, to be published."""
        found: dict[str, list[ConditionRow]] = {}
        for watch in self._watches:
            found.setdefault(watch.account, []).extend(watch.shown(at, status))
        return found


class Watch:
    """One breaker in one account, with its counts. It is armed again when its halt is over."""

    def __init__(self, breaker: Breaker, account: str, book: Book) -> None:
        self._breaker = breaker
        self.account = account
        self._book = book
        self._situation = BookSituation(book)
        self._failures = 0
        self._rejects: deque[datetime] = deque()
        self._stale_since: datetime | None = None

    def covers(self, account: str, row: OrderRow | None) -> bool:
        of_instrument = self._breaker.instrument in (None, row and row["instrument"])
        return (
            account == self.account
            and of_instrument
            and self._breaker.strategy in (None, row and row["strategy"])
        )

    def note(self, result: Sending, at: datetime, *, is_failure: bool) -> None:
        self._failures = self._failures + 1 if is_failure else 0
        if any(isinstance(message, Rejected) for message in result.messages):
            self._rejects.append(at)

    def is_halted(self) -> bool:
        scope = (self.account, self._breaker.instrument, self._breaker.strategy)
        return any(is_of_scope(row, *scope) for row in self._book.halts.values())

    def cause(self, at: datetime, status: Mapping[str, Any]) -> Cause | None:
        """Why trading must be halted now."""
        return (
            self._of_sending(at)
            or self._of_feed(at, status)
            or self._of_breaks()
            or self._of_losses()
        )

    def resumes(self, at: datetime, status: Mapping[str, Any]) -> Iterator[ResumeTrading]:
        """The ends of this breaker's halts whose condition is over."""
        scope = (self._breaker.instrument, self._breaker.strategy)
        own = {
            row["reason"]
            for row in self._book.halts.values()
            if (row["account"], row["instrument"], row["strategy"]) == (self.account, *scope)
            and (row["actor"], row["resumes"]) == (ACTOR, HaltEnd.AUTO)
        }
        for reason in sorted(name for name in own if name is not None):
            text = self._over(reason, at, status)
            if text is not None:
                yield ResumeTrading(
                    account=self.account,
                    at=at,
                    instrument=self._breaker.instrument,
                    strategy=self._breaker.strategy,
                    halt_reason=reason,
                    reason=f"{reason}_over",
                    text=text,
                    actor=ACTOR,
                    source="strategy",
                )

    def _over(self, reason: str, at: datetime, status: Mapping[str, Any]) -> str | None:
        """Why the condition of a halt is over, in a sentence."""
        limit = self._breaker.feed_age_seconds
        if reason == "feed_age_seconds" and limit is not None:
            age = feed_age(status, self.account, at)
            is_back = age is not None and age <= limit
            return f"the feed is back, {max(0.0, age or 0.0):.1f} s old" if is_back else None
        if reason == "open_break" and self._breaker.open_break and not self._of_breaks():
            return "the last reconciliation left no break open"
        return None

    def halt(self, at: datetime, reason: str, text: str) -> Halt:
        """The halt. Resets all counts."""
        self._failures = 0
        self._rejects.clear()
        return Halt(
            account=self.account,
            at=at,
            instrument=self._breaker.instrument,
            strategy=self._breaker.strategy,
            cancels_orders=self._breaker.cancels_orders,
            mode=self._breaker.mode,
            resumes=self._breaker.resumes if reason in ENDING else HaltEnd.OPERATOR,
            reason=reason,
            text=text,
            actor=ACTOR,
            source="strategy",
        )

    def shown(self, at: datetime, status: Mapping[str, Any]) -> Iterator[ConditionRow]:
        """Each condition that the breaker watches, with its limit and current value. Changes
        nothing.
        """
        for name, limit, value, currency in self._conditions(at, status):
            yield {
                "breaker": name,
                "instrument": self._breaker.instrument,
                "strategy": self._breaker.strategy,
                "cancels_orders": self._breaker.cancels_orders,
                "limit": limit,
                "value": value,
                "currency": currency,
            }

    def _conditions(self, at: datetime, status: Mapping[str, Any]) -> Iterator[Condition]:
        breaker = self._breaker
        if breaker.sending_failures is not None:
            yield "sending_failures", str(breaker.sending_failures), str(self._failures), None
        if breaker.rejects_per_minute is not None:
            recent = sum(one > at - MINUTE for one in self._rejects)
            yield "rejects_per_minute", str(breaker.rejects_per_minute), str(recent), None
        if breaker.feed_age_seconds is not None:
            age = feed_age(status, self.account, at)
            yield (
                "feed_age_seconds",
                f"{breaker.feed_age_seconds:g}",
                None if age is None else f"{max(0.0, age):.1f}",
                None,
            )
        if breaker.open_break:
            yield "open_break", "0", str(self._book.open_breaks.get(self.account, 0)), None
        rule = breaker.limits(self.account)
        for name, limit, found in self._losses(rule):
            if limit is not None:
                amounts = found(rule)
                yield from (
                    (name, plain(limit), plain(amount), currency)
                    for currency, amount in amounts.items()
                )
                if not amounts:
                    yield name, plain(limit), None, None

    def _losses(self, rule: Limits) -> tuple[tuple[str, Decimal | None, FindLosses], ...]:
        return (
            ("daily_loss", rule.daily_loss, self._situation.losses),
            ("drawdown", rule.drawdown, self._situation.drawdowns),
        )

    def _of_sending(self, at: datetime) -> Cause | None:
        failures, rejects = self._breaker.sending_failures, self._breaker.rejects_per_minute
        while self._rejects and self._rejects[0] <= at - MINUTE:
            self._rejects.popleft()
        if failures is not None and self._failures >= failures:
            return (
                "sending_failures",
                f"{self._failures} requests in a row were not sent or not answered",
            )
        if rejects is not None and len(self._rejects) >= rejects:
            return (
                "rejects_per_minute",
                f"the venue refused {len(self._rejects)} orders within a minute",
            )
        return None

    def _of_feed(self, at: datetime, status: Mapping[str, Any]) -> Cause | None:
        limit = self._breaker.feed_age_seconds
        if limit is None:
            return None
        age = feed_age(status, self.account, at)
        if age is not None and age <= limit:
            self._stale_since = None
            return None
        self._stale_since = self._stale_since or at
        if at - self._stale_since < timedelta(seconds=self._breaker.grace_seconds):
            return None
        reported = (
            "no collector feeds the account"
            if age is None
            else f"the feed is {age:.1f} s old, the limit is {limit:g} s"
        )
        return "feed_age_seconds", reported

    def _of_breaks(self) -> Cause | None:
        left = self._book.open_breaks.get(self.account, 0) if self._breaker.open_break else 0
        return ("open_break", f"the last reconciliation left {left} breaks open") if left else None

    def _of_losses(self) -> Cause | None:
        rule = self._breaker.limits(self.account)
        for name, limit, found in self._losses(rule):
            for currency, amount in found(rule).items() if limit is not None else ():
                if limit is not None and amount > limit:
                    return (
                        name,
                        f"{name} is {plain(amount)} {currency}, the limit is {plain(limit)}",
                    )
        return None


def feed_age(status: Mapping[str, Any], account: str, at: datetime) -> float | None:
    """Seconds since a collector last reported that it is connected to the account. None if no
    collector is.
    """
    ages = [
        (at - numbers_and_times.parse_time(reported["at"])).total_seconds()
        for reported in status.get("collectors", {}).values()
        if reported.get("accounts", {}).get(account, {}).get("is_up") and "at" in reported
    ]
    return min(ages, default=None)


def _accounts(breaker: Breaker, book: Book) -> list[str]:
    return sorted(account for account in book.accounts if breaker.account in (None, account))
