"""Reads the log for questions of compliance and for order audit reports."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, cast

from orderledger.audit.explanation import step_of
from orderledger.audit.findings import FINDINGS, Compliance
from orderledger.audit.rows import AuditRow
from orderledger.audit.rts24 import Records
from orderledger.extend.events import Order, Recorded, evolve
from orderledger.extend.store import Store
from orderledger.extend.values import stream_names
from orderledger.extend.views import arguments

Wanted = Callable[[Recorded], bool]


def audited(
    store: Store, *, late: timedelta, finding: str | None, **asked: Any
) -> Iterator[AuditRow]:
    """The selected events, with their findings. Without a filter on actor, reason, source or
    correlation, only events with findings."""
    is_wanted = wanted(**asked)
    is_about_anyone = any(
        asked[name] is not None for name in ("actor", "reason", "source", "correlation")
    )
    if finding is not None and finding not in FINDINGS:
        raise ValueError(f"{finding!r} is not a finding: {', '.join(FINDINGS)}")
    compliance = Compliance(late)
    for recorded in store.all_events():
        found = compliance.take(recorded)
        if not is_wanted(recorded) or (finding is not None and finding not in found):
            continue
        if found or is_about_anyone:
            yield cast(
                AuditRow,
                {
                    **step_of(recorded),
                    "account": stream_names.account_of(recorded.stream),
                    "findings": found,
                },
            )


def order_records(store: Store, **asked: Any) -> Iterator[dict[str, Any]]:
    """The records of RTS 24, in the order of the log. Reports that were attributed to another order
    are listed under that order."""
    is_wanted = wanted(**asked)
    whole = _whole_orders(store)
    orders: dict[str, Records] = {}
    for recorded in store.all_events():
        order = whole.get(recorded.stream)
        if order is None:
            continue
        records = orders.get(recorded.stream) or orders.setdefault(
            recorded.stream, Records(recorded.stream, order.fills)
        )
        record = records.take(recorded)
        if record is not None and is_wanted(recorded):
            yield record


def _whole_orders(store: Store) -> dict[str, Order]:
    """Every order after its last event, by stream. An order that proved to be another one is left
    out."""
    orders: dict[str, Order] = {}
    for recorded in store.all_events():
        if stream_names.is_order_stream(recorded.stream):
            order = orders.get(recorded.stream) or orders.setdefault(
                recorded.stream, Order.of(recorded.stream)
            )
            evolve(order, recorded.event, recorded.when)  # type: ignore[arg-type]
    return {stream: order for stream, order in orders.items() if order.attributed_to is None}


def wanted(
    *,
    account: str | None,
    actor: str | None,
    reason: str | None,
    source: str | None,
    correlation: str | None,
    since: datetime | None,
    until: datetime | None,
) -> Wanted:
    """A filter for events. `since` and `until` apply to the time when an event happened."""
    texts = {
        "account": account,
        "actor": actor,
        "reason": reason,
        "source": source,
        "correlation": correlation,
    }
    arguments.check_period(since, until)

    def is_wanted(recorded: Recorded) -> bool:
        values = {
            "account": stream_names.account_of(recorded.stream),
            "actor": recorded.actor,
            "reason": getattr(recorded.event, "reason", None),
            "source": recorded.source,
            "correlation": recorded.correlation_id,
        }
        is_asked = all(text is None or values[name] == text for name, text in texts.items())
        return (
            is_asked
            and (since is None or since <= recorded.at)
            and (until is None or recorded.at < until)
        )

    return is_wanted
