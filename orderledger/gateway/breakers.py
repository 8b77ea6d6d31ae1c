"""Breakers: watch sending and the feeds, and halt trading when something is wrong. Each halt is an
event with its cause."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from orderledger import Halt, Reject
from orderledger.extend.messages import parse_time
from orderledger.extend.values import plain
from orderledger.extend.views import Row
from orderledger.gateway.book import Book
from orderledger.gateway.limits import Limits
from orderledger.gateway.published import ACTOR, is_of_scope
from orderledger.gateway.results import Sending
from orderledger.gateway.settings import Breaker
from orderledger.gateway.situation import BookSituation

MINUTE = timedelta(minutes=1)

Cause = tuple[str, str]
"""Why trading is halted: a code and a sentence."""

Condition = tuple[str, str, str | None, str | None]
"""What a breaker watches: its name, limit, present value, and the currency of losses."""

FindLosses = Callable[[Limits], Mapping[str, Decimal]]


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

    def note(self, result: Sending, row: Row, at: datetime, *, is_failure: bool) -> None:
        """Note how a sending ended."""
        for watch in self._watches:
            if watch.covers(result.account, row):
                watch.note(result, at, is_failure=is_failure)

    def halts(self, at: datetime, status: Mapping[str, Any]) -> Iterator[Halt]:
        """The halts to record now: one for each breaker and account that has broken and is not
        halted yet."""
        for watch in self._watches:
            if not watch.is_halted() and (cause := watch.cause(at, status)) is not None:
                yield watch.halt(at, *cause)

    def shown(self, at: datetime, status: Mapping[str, Any]) -> dict[str, list[Row]]:
        """The conditions of the breakers as they stand now, by account, to be published."""
        found: dict[str, list[Row]] = {}
        for watch in self._watches:
            found.setdefault(watch.account, []).extend(watch.shown(at, status))
        return found


class Watch:
    """One breaker in one account, and what it has seen. It is armed again when its halt is over."""

    def __init__(self, breaker: Breaker, account: str, book: Book) -> None:
        self._breaker = breaker
        self.account = account
        self._book = book
        self._situation = BookSituation(book)
        self._failures = 0
        self._rejects: deque[datetime] = deque()

    def covers(self, account: str, row: Row) -> bool:
        of_instrument = self._breaker.instrument in (None, row.get("instrument"))
        return (
            account == self.account
            and of_instrument
            and self._breaker.strategy in (None, row.get("strategy"))
        )

    def note(self, result: Sending, at: datetime, *, is_failure: bool) -> None:
        self._failures = self._failures + 1 if is_failure else 0
        if any(isinstance(message, Reject) for message in result.messages):
            self._rejects.append(at)

    def is_halted(self) -> bool:
        scope = (self.account, self._breaker.instrument, self._breaker.strategy)
        return any(is_of_scope(row, *scope) for row in self._book.halts.values())

    def cause(self, at: datetime, status: Mapping[str, Any]) -> Cause | None:
        """Why trading is to be halted now."""
        return (
            self._of_sending(at)
            or self._of_feed(at, status)
            or self._of_breaks()
            or self._of_losses()
        )

    def halt(self, at: datetime, reason: str, text: str) -> Halt:
        """The halt, after which everything is counted anew."""
        self._failures = 0
        self._rejects.clear()
        return Halt(
            account=self.account,
            at=at,
            instrument=self._breaker.instrument,
            strategy=self._breaker.strategy,
            cancels_orders=self._breaker.cancels_orders,
            reason=reason,
            text=text,
            actor=ACTOR,
            source="strategy",
        )

    def shown(self, at: datetime, status: Mapping[str, Any]) -> Iterator[Row]:
        """Each condition that the breaker watches, its limit and the present value. Changes
        nothing."""
        scope = {
            name: getattr(self._breaker, name)
            for name in ("instrument", "strategy", "cancels_orders")
        }
        for name, limit, value, currency in self._conditions(at, status):
            yield {"breaker": name, **scope, "limit": limit, "value": value, "currency": currency}

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
            return None
        told = (
            "no collector listens to the account"
            if age is None
            else f"the feed is {age:.1f} s old, the limit is {limit:g} s"
        )
        return "feed_age_seconds", told

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
    """Seconds since a collector last said that it listens to the account. None if none does."""
    ages = [
        (at - parse_time(told["at"])).total_seconds()
        for told in status.get("collectors", {}).values()
        if told.get("accounts", {}).get(account, {}).get("is_up") and "at" in told
    ]
    return min(ages, default=None)


def _accounts(breaker: Breaker, book: Book) -> list[str]:
    return sorted(account for account in book.accounts if breaker.account in (None, account))
