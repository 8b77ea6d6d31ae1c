"""The rules: from a state to what holds in it. Pure: the same state always gives the same
conditions."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from orderledger.extend.store import Key
from orderledger.extend.values import EXACT, plain
from orderledger.extend.views import Row
from orderledger.serve.alerts.settings import (
    AnomalyRule,
    BreakRule,
    DailyLossRule,
    ExposureRule,
    FeedRule,
    GapRule,
    HaltRule,
    LargeChangeRule,
    LimitRule,
    Rule,
    UnresolvedRule,
)
from orderledger.serve.alerts.state import Sized, State

MORE = "more"
"""Subject of the alert that stands for those beyond the most that a rule may have."""
NEVER = datetime.max.replace(tzinfo=UTC)


class Condition(NamedTuple):
    """Something that a rule is about. `position`: the log position that caused it; None: that of
    the order's last event for an order, else of the state. `stream`: of the order. `is_over`: it
    has ended already. `since`: the oldest come first."""

    subject: str
    account: str | None
    text: str
    details: dict[str, Any]
    position: int | None = None
    stream: str | None = None
    since: datetime | None = None
    is_over: bool = False


def conditions(state: State, rules: Sequence[Rule]) -> dict[Key, Condition]:
    """Everything that holds, by rule and subject."""
    found: dict[Key, Condition] = {}
    for rule in rules:
        those = {
            one.subject: one for one in FINDERS[rule.kind](state, rule) if rule.covers(one.account)
        }
        for one in _bounded(state, rule, list(those.values())):
            found[rule.title, one.subject] = one
    return found


def _bounded(state: State, rule: Rule, those: list[Condition]) -> list[Condition]:
    """At most so many as the rule may have: those that are raised already, then the oldest. One
    more stands for the rest."""
    if len(those) <= rule.most:
        return those
    those.sort(
        key=lambda one: (
            (rule.title, one.subject) not in state.raised,
            one.since or NEVER,
            one.subject,
        )
    )
    text = f"{rule.title} holds for more than {rule.most} subjects"
    return [*those[: rule.most], Condition(MORE, rule.account, text, {"most": rule.most})]


def unresolved(state: State, rule: UnresolvedRule) -> Iterator[Condition]:
    for row in state.unresolved:
        since = (
            row["pending_since"] or row["submitted_at"] or row["requested_at"] or row["updated_at"]
        )
        age = _seconds(state, since)
        if age > rule.seconds:
            text = (
                f"{_order(row)}: the outcome is unknown {age:.0f} s after it was sent, the limit "
                f"is {rule.seconds:g} s"
            )
            yield _of_order(
                row, text, {"age_seconds": age, "limit_seconds": rule.seconds}, since=since
            )


def gap(state: State, rule: GapRule) -> Iterator[Condition]:
    oldest: dict[str, Row] = {}
    for row in state.gaps:
        known = oldest.setdefault(row["account"], row)
        oldest[row["account"]] = min(known, row, key=lambda one: one["from_at"])
    for account, row in oldest.items():
        age = _seconds(state, row["from_at"])
        if age > rule.seconds:
            text = f"{account}: the feed has an open gap since {row['from_at'].isoformat()}"
            details = {"age_seconds": age, "limit_seconds": rule.seconds, "reason": row["reason"]}
            yield Condition(account, account, text, details, row["position"], since=row["from_at"])


def anomaly(state: State, rule: AnomalyRule) -> Iterator[Condition]:
    for row in state.anomalies:
        if not rule.codes or row["code"] in rule.codes:
            text = f"{_order(row)}: {row['code']}: {row['detail']}"
            details = {"code": row["code"], "client_order_id": row["client_order_id"]}
            subject = f"{row['stream']} {row['code']}"
            yield Condition(
                subject, row["account"], text, details, row["position"], since=row["detected_at"]
            )


def open_break(state: State, rule: BreakRule) -> Iterator[Condition]:
    for one in state.breaks:
        age = _seconds(state, one.since)
        if age >= rule.seconds:
            text = f"{one.account}: the break {one.id} is open since {one.since.isoformat()}"
            details = {"break": one.id, "age_seconds": age}
            yield Condition(
                f"{one.account} {one.id}", one.account, text, details, one.position, since=one.since
            )


def exposure(state: State, rule: ExposureRule) -> Iterator[Condition]:
    for row in state.exposure:
        if rule.instrument not in (None, row["instrument"]):
            continue
        ends = (row["position_quantity_least"], row["position_quantity_most"])
        quantity = None if None in ends else max(map(abs, ends))
        values = (row["notional_least"], row["notional_most"])
        notional = None if None in values else max(values)
        subject = " ".join(filter(None, (row["account"], row["instrument"], *_part(row))))
        for name, value, limit in (
            ("notional", notional, rule.notional),
            ("quantity", quantity, rule.quantity),
        ):
            if limit is None or (value is not None and value < limit):
                continue
            if value is None and name == "notional" and row["mark_price"] is None:
                continue  # without a mark nothing is known of it, which is no exposure
            reached = "has no bound" if value is None else f"may reach {plain(value)}"
            text = f"{subject}: the {name} {reached}, the limit is {plain(limit)}"
            yield Condition(
                subject, row["account"], text, {name: _plain(value), "limit": plain(limit)}
            )
            break


def _part(row: Any) -> tuple[str, ...]:
    """Position side and id, where there are several positions."""
    return (
        ()
        if row["position_side"] == "net" and not row["position_id"]
        else (row["position_side"], row["position_id"])
    )


def limit(state: State, rule: LimitRule) -> Iterator[Condition]:
    for used in state.used.get(rule.title, ()):
        if used.value >= EXACT.multiply(used.limit, rule.share):
            text = f"{used.subject}: {plain(used.value)} of {plain(used.limit)} is used"
            details = {
                "value": plain(used.value),
                "limit": plain(used.limit),
                "share": plain(rule.share),
            }
            yield Condition(used.subject, used.account, text, details)


def halt(state: State, rule: HaltRule) -> Iterator[Condition]:
    for row in state.halts:
        scope = " ".join(row[name] for name in ("account", "instrument", "strategy") if row[name])
        why = ": ".join(row[name] for name in ("reason", "text") if row[name])
        details = {
            name: row[name]
            for name in ("instrument", "strategy", "reason", "actor", "cancels_orders")
        }
        yield Condition(
            scope,
            row["account"],
            f"trading is halted in {scope}: {why}",
            details,
            row["position"],
            since=row["halted_at"],
        )


def daily_loss(state: State, rule: DailyLossRule) -> Iterator[Condition]:
    for loss in state.losses.get(rule.title, ()):
        if rule.currency in (None, loss.currency) and loss.amount >= rule.amount:
            text = (
                f"{loss.account}: the loss of this day is {plain(loss.amount)} {loss.currency}, "
                f"the limit is {plain(rule.amount)}"
            )
            details = {
                "loss": plain(loss.amount),
                "currency": loss.currency,
                "limit": plain(rule.amount),
            }
            yield Condition(f"{loss.account} {loss.currency}", loss.account, text, details)


def feed(state: State, rule: FeedRule) -> Iterator[Condition]:
    known = {one.account: one for one in state.feeds}
    for account in rule.accounts or known:
        one = known.get(account)
        age, message_age = (one.age, one.message_age) if one is not None else (None, None)
        if age is None or age > rule.seconds:
            told = (
                "no collector listens to it"
                if age is None
                else f"its feed is {age:.0f} s old, the limit is {rule.seconds:g} s"
            )
        elif rule.message_seconds is not None and (
            message_age is None or message_age > rule.message_seconds
        ):
            told = (
                "nothing was heard"
                if message_age is None
                else f"the last message is {message_age:.0f} s old"
            )
        else:
            continue
        yield Condition(
            account,
            account,
            f"{account}: {told}",
            {"age_seconds": age, "message_age_seconds": message_age},
        )


def large_change(state: State, rule: LargeChangeRule) -> Iterator[Condition]:
    for one in state.orders.get(rule.title, ()) if "orders" in rule.of else ():
        row = one.row
        is_raised = (rule.title, row["stream"]) in state.raised
        if rule.instrument in (None, row["instrument"]) and (is_raised or _is_large(one, rule)):
            text = (
                f"{_order(row)}: the order has a notional of {_plain(one.notional)}{_beside(one)}"
            )
            is_over = not row["is_open"]
            if not (is_over and is_raised):
                yield _of_order(row, text, _sizes(one), since=row["requested_at"], is_over=is_over)
    for one in state.positions.get(rule.title, ()) if "positions" in rule.of else ():
        row = one.row
        if rule.instrument in (None, row["instrument"]) and _is_large(one, rule):
            name = f"{row['account']} {row['instrument']}"
            text = f"{name}: the position has a notional of {_plain(one.notional)}{_beside(one)}"
            yield Condition(f"position {name}", row["account"], text, _sizes(one))


def _is_large(one: Sized, rule: LargeChangeRule) -> bool:
    if one.notional is None:
        return False
    if rule.notional is not None and one.notional > rule.notional:
        return True
    times = rule.times_usual
    return (
        times is not None
        and one.usual is not None
        and one.notional > EXACT.multiply(one.usual, times)
    )


def _sizes(one: Sized) -> dict[str, Any]:
    return {"notional": _plain(one.notional), "usual": _plain(one.usual)}


def _beside(one: Sized) -> str:
    return "" if one.usual is None else f", usual is {plain(one.usual)}"


def _of_order(
    row: Row, text: str, details: dict[str, Any], *, since: datetime | None, is_over: bool = False
) -> Condition:
    names = {
        name: row[name]
        for name in (
            "client_order_id",
            "venue_order_id",
            "instrument",
            "side",
            "strategy",
            "status",
        )
    }
    details = {**names, "quantity": _plain(row["quantity"]), **details}
    return Condition(
        row["stream"],
        row["account"],
        text,
        details,
        stream=row["stream"],
        since=since,
        is_over=is_over,
    )


def _order(row: Row) -> str:
    return f"{row['account']} {row['client_order_id'] or row['stream'].partition('/')[2]}"


def _seconds(state: State, since: datetime) -> float:
    return round((state.now - since).total_seconds(), 3)


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


FINDERS: dict[str, Callable[[State, Any], Iterator[Condition]]] = {
    "unresolved": unresolved,
    "gap": gap,
    "anomaly": anomaly,
    "open_break": open_break,
    "exposure": exposure,
    "limit": limit,
    "halt": halt,
    "daily_loss": daily_loss,
    "feed": feed,
    "large_change": large_change,
}
"""By kind of rule."""
