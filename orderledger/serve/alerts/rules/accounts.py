"""Rules about accounts: their feeds, their reconciliation, and halts of trading."""

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field

from orderledger.extend.messages import Identifier
from orderledger.extend.views import StoredViews, tables
from orderledger.gateway.breakers import feed_age
from orderledger.rows import AccountEventRow, CertificateRow, HaltRow
from orderledger.serve.alerts.feeds import collected_accounts, last_message_age
from orderledger.serve.alerts.reading import State
from orderledger.serve.alerts.rule import Condition, NotNegativeSeconds, Page, Rule, Seconds
from orderledger.serve.readings import LAST_CERTIFICATES


def open_gaps(views: StoredViews) -> list[AccountEventRow]:
    return views.session.select(tables.ACCOUNT_EVENTS, "kind = 'gap' AND to_at IS NULL")


def last_certificates(views: StoredViews) -> list[CertificateRow]:
    return views.session.select(tables.CERTIFICATES, LAST_CERTIFICATES)


def active_halts(views: StoredViews) -> list[HaltRow]:
    return views.session.select(tables.HALTS, "resumed_at IS NULL")


class GapRule(Rule):
    """A gap of a feed that no query has covered `seconds` after it began."""

    kind: Literal["gap"]
    seconds: NotNegativeSeconds = Field(description="How long a gap may be open.")

    subject: ClassVar = "the account"
    cleared: ClassVar = "a query has covered the gap"
    page: ClassVar[Page] = "reconciliation"

    def conditions(self, state: State) -> Iterator[Condition]:
        oldest: dict[str, tuple[datetime, AccountEventRow]] = {}
        for gap in state.rows(open_gaps):
            since = gap["from_at"]
            known = oldest.get(gap["account"])
            if since is not None and (known is None or since < known[0]):
                oldest[gap["account"]] = since, gap
        for account, (since, gap) in oldest.items():
            age = state.age(since)
            if age > self.seconds:
                text = f"{account}: the feed has an open gap since {since.isoformat()}"
                details = {
                    "age_seconds": age,
                    "limit_seconds": self.seconds,
                    "reason": gap["reason"],
                }
                yield Condition(account, account, text, details, gap["position"], since=since)


class BreakRule(Rule):
    """A difference from the venue that the last reconciliation left open."""

    kind: Literal["open_break"]
    seconds: NotNegativeSeconds = Field(
        default=0.0, description="How long a break may be known and open."
    )

    subject: ClassVar = "the account and the break"
    cleared: ClassVar = "a reconciliation settles the break"
    page: ClassVar[Page] = "reconciliation"

    def conditions(self, state: State) -> Iterator[Condition]:
        for row in state.rows(last_certificates):
            for one in row["open_breaks"]:
                account, name, since = row["account"], one["id"], one["since"]
                age = state.age(datetime.fromisoformat(since))
                if age >= self.seconds:
                    yield Condition(
                        f"{account} {name}",
                        account,
                        f"{account}: the break {name} is open since {since}",
                        {"break": name, "age_seconds": age},
                        row["position"],
                        since=datetime.fromisoformat(since),
                    )


class HaltRule(Rule):
    """A halt of trading that holds."""

    kind: Literal["halt"]

    subject: ClassVar = "the scope of the halt"
    cleared: ClassVar = "trading resumes"
    page: ClassVar[Page] = "orders"

    def conditions(self, state: State) -> Iterator[Condition]:
        shown = ("instrument", "strategy", "reason", "actor", "cancels_orders")
        for halt in state.rows(active_halts):
            scope = " ".join(filter(None, (halt["account"], halt["instrument"], halt["strategy"])))
            why = ": ".join(filter(None, (halt["reason"], halt["text"])))
            yield Condition(
                scope,
                halt["account"],
                f"trading is halted in {scope}: {why}",
                {name: value for name, value in halt.items() if name in shown},
                halt["position"],
                since=halt["halted_at"],
            )


class ClockRule(Rule):
    """A clock of a gateway's machine that certainly differs from the venue's by more than
    `seconds`. A venue refuses requests with a wrong time, and limits and days count by our clock.
    """

    kind: Literal["clock"]
    seconds: Seconds = Field(default=1.0, description="How far the two clocks may differ.")

    subject: ClassVar = "the account"
    cleared: ClassVar = "the clocks agree, or the gateway has ended"
    page: ClassVar[Page] = "reconciliation"

    def conditions(self, state: State) -> Iterator[Condition]:
        for account, status in state.status["gateways"].items():
            clock = status.get("clock")
            if clock is None or not status["is_running"]:
                continue
            offset, within = float(clock["offset_seconds"]), float(clock["within_seconds"])
            if abs(offset) - within > self.seconds:
                side = "ahead of" if offset > 0 else "behind"
                text = f"{account}: the venue's clock is {abs(offset):.1f} s {side} the gateway's"
                details = {"offset_seconds": offset, "within_seconds": within}
                yield Condition(account, account, text, details)


class FeedRule(Rule):
    """An account to which no collector listens, or about which no message arrives."""

    kind: Literal["feed"]
    accounts: tuple[Identifier, ...] = Field(
        default=(),
        description="Accounts that must be listened to. Default: every account that a running "
        "collector lists.",
    )
    seconds: Seconds = Field(
        description="Age of the last sign that a collector listens to the account."
    )
    message_seconds: Seconds | None = Field(
        default=None, description="Age of the last message about the account. Default: any."
    )

    subject: ClassVar = "the account"
    cleared: ClassVar = "a collector listens to the account and messages arrive"
    page: ClassVar[Page] = "reconciliation"

    def conditions(self, state: State) -> Iterator[Condition]:
        listed = collected_accounts(state.status)
        for account in self.accounts or listed:
            age = message_age = None
            if account in listed:
                age = feed_age(state.status, account, state.now)
                message_age = last_message_age(state.status, account, state.now)
            fault = self._fault(age, message_age)
            if fault is not None:
                details = {"age_seconds": age, "message_age_seconds": message_age}
                yield Condition(account, account, f"{account}: {fault}", details)

    def _fault(self, age: float | None, message_age: float | None) -> str | None:
        if age is None:
            return "no collector feeds it"
        if age > self.seconds:
            return f"its feed is {age:.0f} s old, the limit is {self.seconds:g} s"
        if self.message_seconds is None:
            return None
        if message_age is None:
            return "no message has arrived"
        if message_age > self.message_seconds:
            return f"the last message is {message_age:.0f} s old"
        return None
