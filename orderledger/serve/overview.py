"""Lists for monitoring: a row for each account, and one for each open break. They depend on the
time, too.
"""

from collections import Counter
from datetime import datetime, timedelta
from typing import Annotated, Any, TypedDict

from orderledger import Ledger
from orderledger.extend.values import SystemClock
from orderledger.extend.views import is_held, parameters
from orderledger.rows import RowList
from orderledger.serve.alerts.feeds import message_age, status_age

MINUTES = 15


class AccountRow(TypedDict):
    """One row per account that has orders, or that a collector feeds."""

    account: Annotated[str, "Trading account."]
    orders: Annotated[int, "Orders."]
    open_orders: Annotated[
        int, "Orders that have not ended. Without those that a gateway holds: see `held_orders`."
    ]
    held_orders: Annotated[int, "Orders that a gateway holds. They are not at the venue."]
    unresolved_orders: Annotated[int, "Open orders whose outcome is unknown."]
    new_orders: Annotated[int, "Orders requested in the last `minutes`."]
    changed_orders: Annotated[int, "Orders updated in the last `minutes`."]
    ended_orders: Annotated[int, "Orders ended in the last `minutes`."]
    last_update_at: Annotated[
        datetime | None, "When the newest fact about one of its orders happened."
    ]
    open_breaks: Annotated[int, "Open breaks of the last reconciliation."]
    certified_at: Annotated[datetime | None, "When the last reconciliation was."]
    collector: Annotated[str | None, "The collector that feeds it."]
    venue: Annotated[str | None, "The venue, by the collector's name for it."]
    is_up: Annotated[bool | None, "Whether its feed is connected now."]
    last_message_age_seconds: Annotated[
        str | None, "Age of the last message that a collector received, as a decimal."
    ]
    messages: Annotated[int | None, "Messages since the collector started."]
    gaps: Annotated[int | None, "Gaps since the collector started."]
    fault: Annotated[str | None, "Why the feed is down, or the account could not be reconciled."]


class BreakRow(TypedDict):
    """One row per open break: a difference with the venue that the last reconciliation left."""

    account: Annotated[str, "Trading account."]
    id: Annotated[str, "Id of the break. Messages that repair it have it as `causation_id`."]
    kind: Annotated[str, "Kind of the difference."]
    subject: Annotated[
        str, "The differing object: an id of the order or the fill, or the instrument."
    ]
    since: Annotated[str, "Since when it is known."]
    age_seconds: Annotated[int, "Its age."]
    certified_at: Annotated[datetime, "When the last reconciliation was."]
    position: Annotated[int, "Log position of the last certificate."]


def accounts(
    ledger: Ledger,
    *,
    minutes: Annotated[
        int,
        "New, changed and ended orders are counted over so many minutes.",
        parameters.Between(1, 527_040),
    ] = MINUTES,
    account: parameters.Account = None,
) -> RowList[AccountRow]:
    """List the accounts: the orders, the feed and the breaks of each."""
    now = SystemClock().now()
    counted = _counted(ledger, now - timedelta(minutes=minutes))
    by_account = _feeds(ledger.status()["collectors"], now)
    certified = {row["account"]: row for row in ledger.reconciliations.last_certificates()}
    names = sorted(
        {*counted, *by_account, *certified}
        if account is None
        else {account} & {*counted, *by_account, *certified}
    )
    return RowList(
        _account_row(name, counted.get(name), by_account.get(name, {}), certified.get(name))
        for name in names
    )


def _counted(ledger: Ledger, since: datetime) -> dict[str, dict[str, Any]]:
    """The counts of orders by account. Those that a gateway holds have a count of their own."""
    with ledger.views.in_one_state():
        rows = ledger.views.account_counts(since)
        waiting = ledger.orders(open_only=True, status="pending_new")
    held = Counter(row["account"] for row in waiting if is_held(row))
    return {
        row["account"]: {
            **row,
            "open_orders": row["open_orders"] - held[row["account"]],
            "held_orders": held[row["account"]],
        }
        for row in rows
    }


def _account_row(name: str, counted: Any, by_account: dict[str, Any], certified: Any) -> AccountRow:
    nothing = dict.fromkeys(AccountRow.__annotations__, None)
    none = dict.fromkeys(
        (
            "orders",
            "open_orders",
            "held_orders",
            "unresolved_orders",
            "new_orders",
            "changed_orders",
            "ended_orders",
        ),
        0,
    )
    last = {
        "open_breaks": len(certified["open_breaks"]) if certified else 0,
        "certified_at": certified["at"] if certified else None,
    }
    row: Any = {**nothing, **none, **(counted or {}), **last, **by_account, "account": name}
    return row  # type: ignore[no-any-return]


def _feeds(collectors: dict[str, Any], now: datetime) -> dict[str, dict[str, Any]]:
    """The status that collectors published for each account."""
    found = {}
    for name, status in collectors.items():
        age = status_age(status, now)
        for account, reported in status.get("accounts", {}).items():
            by_account = message_age(reported, age)
            known = {key: reported.get(key) for key in ("venue", "messages", "gaps", "fault")}
            found[account] = {
                **known,
                "collector": name,
                "is_up": bool(status.get("is_running") and reported.get("is_up")),
                "last_message_age_seconds": None if by_account is None else f"{by_account:.1f}",
            }
    return found


def breaks(ledger: Ledger, *, account: parameters.Account = None) -> RowList[BreakRow]:
    """List open differences with the venue, the oldest first."""
    now = SystemClock().now()
    rows = [
        _break_row(certificate, one, now)
        for certificate in ledger.reconciliations.last_certificates()
        if account in (None, certificate["account"])
        for one in certificate["open_breaks"]
    ]
    return RowList(sorted(rows, key=lambda row: (-row["age_seconds"], row["account"], row["id"])))


def _break_row(certificate: Any, one: dict[str, str], now: datetime) -> BreakRow:
    kind, _, subject = one["id"].partition(":")
    age = max(0, int((now - datetime.fromisoformat(one["since"])).total_seconds()))
    return {
        "account": certificate["account"],
        "id": one["id"],
        "kind": kind,
        "subject": subject,
        "since": one["since"],
        "age_seconds": age,
        "certified_at": certificate["at"],
        "position": certificate["position"],
    }
