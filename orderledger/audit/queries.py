"""Query methods for auditors. Each reads the log beside the views; what it makes of them is in
`projections`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from orderledger.audit.rows import (
    AuditRow,
    Explanation,
    Independence,
    OrderRecord,
    RestatedRow,
    WhatIfRow,
    Why,
)
from orderledger.extend.events import Recorded
from orderledger.extend.store import reaching
from orderledger.extend.values import account_stream, proposal_stream
from orderledger.extend.views import (
    METHODS,
    ORDERS,
    TRADES,
    Method,
    Queries,
    check_argument,
    check_times,
    one_order,
    was_known,
)
from orderledger.rows import OrderRow, RowList

if TYPE_CHECKING:
    from orderledger.audit.parts import Asked

Subject = Literal["pnl", "position", "order"]


class AuditQueries(Queries):
    """The query methods of a ledger, with those for auditors."""

    def explain(
        self,
        order_id: str,
        /,
        *,
        account: str | None = None,
        as_of: datetime | int | None = None,
        effective_at: datetime | None = None,
    ) -> Explanation:
        """Explain an order in sentences: what happened, each event with both clocks, who and why;
        what is not known; and what the order is now. Raises as `order` does."""
        from orderledger.audit.explanation import (
            explanation,
        )  # here, so that other queries start as fast as without it

        row = self._order_asked(order_id, account, as_of, effective_at)
        with reaching(self._url):
            return explanation(
                row,
                events := self._known_events([row["stream"]], as_of, effective_at),
                self._known_events(_origins(events), as_of, effective_at),
                self._known_events(_proposal(row), as_of, effective_at),
            )

    def why(
        self,
        subject: Subject,
        /,
        *,
        order_id: str | None = None,
        account: str | None = None,
        instrument: str | None = None,
        position_side: str | None = None,
        position_id: str | None = None,
        method: Method = "average",
        has_evidence: bool = False,
        as_of: datetime | int | None = None,
        effective_at: datetime | None = None,
    ) -> Why:
        """Show a figure as the sum of its parts, each with its event; with `has_evidence` also the
        venue's payload.

        `pnl` and `position` need account and instrument, and a position side where the instrument
        has several positions; `order` needs an order id. The amounts of the parts of each figure
        add up to it exactly; the `net_amount` of all parts add up to `net_pnl`. Raises as `order`
        does for an order that is not there. Nothing recorded of the instrument: no figures and no
        parts.
        """
        from orderledger.audit.parts import Asked, with_events

        _check_subject(subject, order_id, account, instrument, method)
        check_argument("position_side", "text", position_side)
        check_argument("position_id", "text", position_id)
        if subject == "order":
            found = self._why_order(order_id or "", account, as_of, effective_at)
        else:
            asked = Asked(account or "", instrument or "", position_side, position_id)
            found = self._why_position(subject, asked, method, as_of, effective_at)

        with reaching(self._url):
            return {
                **found,
                "parts": with_events(self._store, found["parts"], has_evidence=has_evidence),
            }

    def restate(
        self,
        view: str,
        /,
        *,
        from_as_of: datetime | int,
        as_of: datetime | int | None = None,
        effective_at: datetime | None = None,
        method: Method = "average",
        **where: Any,
    ) -> RowList[RestatedRow]:
        """List the rows of a view that are stated differently of one moment at two times, each with
        the events that made the difference.

        `view`: orders, trades, positions, pnl, anomalies, instruments or account_events. What was
        known at `from_as_of` is compared with what was known at `as_of`, or is known now. The
        moment is `effective_at`, or else `from_as_of`. `where`: values of columns, such as account.
        """
        from orderledger.audit.restating import restated

        check_times(from_as_of, effective_at)
        check_times(as_of, effective_at)
        if method not in METHODS:
            raise ValueError(f"{method!r} is no method: {', '.join(METHODS)}")
        with reaching(self._url):
            return RowList(
                restated(
                    self._store,
                    view,
                    from_as_of=from_as_of,
                    as_of=as_of,
                    effective_at=effective_at,
                    method=method,
                    **where,
                )
            )

    def audit(
        self,
        *,
        account: str | None = None,
        actor: str | None = None,
        reason: str | None = None,
        source: str | None = None,
        correlation: str | None = None,
        finding: str | None = None,
        late: timedelta = timedelta(minutes=1),
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[AuditRow]:
        """Iterate over the events that an auditor asks about, each with its findings.

        With `actor`, `reason`, `source` or `correlation`: all events with that value. Otherwise the
        events with findings, or with one `finding`: amendment, late_report, clock_ahead,
        clock_backward, gap, unexplained_cancel or intervention. A report is late if it was recorded
        `late` after it happened.
        """
        from orderledger.audit.compliance import audited

        asked = {
            "account": account,
            "actor": actor,
            "reason": reason,
            "source": source,
            "correlation": correlation,
        }
        with reaching(self._url):
            yield from audited(
                self._store, late=late, finding=finding, since=since, until=until, **asked
            )

    def order_records(
        self,
        *,
        account: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[OrderRecord]:
        """Iterate over the order records by MiFID II RTS 24, one per event at the venue. Unknown
        fields are null."""
        from orderledger.audit.compliance import order_records

        nobody = dict.fromkeys(("actor", "reason", "source", "correlation"))
        with reaching(self._url):
            yield from cast(
                Iterator[OrderRecord],
                order_records(self._store, account=account, since=since, until=until, **nobody),
            )

    def what_if(
        self,
        *,
        method: Method = "average",
        than: Method = "average",
        fees: str | PathLike[str] | None = None,
        fee_rate: Decimal | str | None = None,
        without: Sequence[str] = (),
        without_accounts: Sequence[str] = (),
        filled: Sequence[str] = (),
        not_filled: Sequence[str] = (),
        account: str | None = None,
    ) -> RowList[WhatIfRow]:
        """List the rows of orders, positions and pnl that would be different under other
        assumptions. Records nothing.

        `method` is compared with `than`. `fees`: a file with a fee schedule, or `fee_rate`: one
        rate for all fills. `without`: orders that are left out, `filled` and `not_filled`: open
        orders whose outcome is assumed, by any of their ids; `account` tells apart orders with the
        same id. A filled order is filled at its limit price, or else at the mark.
        """
        from orderledger.audit.fee_schedule import flat_schedule, read_fee_schedule
        from orderledger.audit.what_if import Assumptions, what_if

        if fees is not None and fee_rate is not None:
            raise ValueError("fees and fee_rate: give one of them")
        if method not in METHODS or than not in METHODS:
            raise ValueError(f"a method is one of {', '.join(METHODS)}")
        if both := set(filled) & set(not_filled):
            raise ValueError(f"{sorted(both)[0]} is assumed both as filled and as not filled")
        schedule = (
            flat_schedule(fee_rate)
            if fee_rate is not None
            else None
            if fees is None
            else read_fee_schedule(fees)
        )
        orders = {
            "without": tuple(without),
            "filled": tuple(filled),
            "not_filled": tuple(not_filled),
        }
        assumed = Assumptions(
            method=method,
            than=than,
            fees=schedule,
            account=account,
            without_accounts=tuple(without_accounts),
            **orders,
        )
        with reaching(self._url):
            return RowList(what_if(self._store, assumed))

    def prove_order_independence(
        self,
        *,
        rounds: int = 10,
        seed: int = 0,
        account: str | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Independence:
        """Record the log's own messages anew in memory, its reports shuffled and repeated, and
        compare orders, trades and P&L.

        Stops at the first difference, and shrinks it to the fewest messages. `progress` is told
        what is done, and of how much.
        """
        from orderledger.audit.independence import proved

        check_argument("rounds", "count", rounds, is_needed=True)
        check_argument("account", "text", account)
        with reaching(self._url):
            return proved(self._store, rounds=rounds, seed=seed, account=account, progress=progress)

    def _why_order(
        self,
        order_id: str,
        account: str | None,
        as_of: datetime | int | None,
        effective_at: datetime | None,
    ) -> Why:
        from orderledger.audit.figure_parts import fills_of_order_parts
        from orderledger.audit.order_parts import FIELDS, changes_of_order

        check_times(as_of, effective_at)
        check_argument("order_id", "text", order_id, is_needed=True)
        with self._views_of_order(order_id, account, as_of, effective_at) as views:
            row = one_order(views, order_id, account)
            figures: Mapping[str, object] = row
            trades = views.rows(TRADES, stream=row["stream"], state="active")
        with reaching(self._url):
            events = self._known_events([row["stream"]], as_of, effective_at)
        return {
            "subject": "order",
            "account": row["account"],
            "instrument": row["instrument"],
            "client_order_id": row["client_order_id"],
            "method": None,
            "figures": {name: figures[name] for name in (*FIELDS, "fees")},
            "parts": [*changes_of_order(row["stream"], events), *fills_of_order_parts(trades)],
        }

    def _why_position(
        self,
        subject: Subject,
        asked: "Asked",
        method: Method,
        as_of: datetime | int | None,
        effective_at: datetime | None,
    ) -> Why:
        from orderledger.audit.parts import why_pnl, why_position

        account, instrument = asked.account, asked.instrument

        with reaching(self._url):
            marks = self._known_events(
                [account_stream(account, "mark", instrument)], as_of, effective_at
            )
        with self._views(as_of, effective_at) as views:
            row: Mapping[str, object] | None
            if subject == "pnl":
                row, parts = why_pnl(views, asked, method, marks)
            else:
                row, parts = why_position(views, asked, method)
        figures: dict[str, Any] = {
            name: value
            for name, value in (row or {}).items()
            if name not in ("account", "instrument", "method")
        }
        return {
            "subject": subject,
            "account": account,
            "instrument": instrument,
            "client_order_id": None,
            "method": method,
            "figures": figures,
            "parts": parts,
        }

    def _order_asked(
        self,
        order_id: str,
        account: str | None,
        as_of: datetime | int | None,
        effective_at: datetime | None,
    ) -> OrderRow:
        check_times(as_of, effective_at)
        check_argument("order_id", "text", order_id, is_needed=True)
        check_argument("account", "text", account)
        with self._views_of_order(order_id, account, as_of, effective_at) as views:
            return ORDERS.shown(one_order(views, order_id, account))

    def _known_events(
        self, streams: list[str], as_of: datetime | int | None, effective_at: datetime | None
    ) -> list[Recorded]:
        """The events of these streams that were known, and had happened, by then. In log order."""
        found = (
            (recorded for events in self._store.events_of(streams).values() for recorded in events)
            if streams
            else ()
        )
        known = (
            recorded
            for recorded in found
            if was_known(recorded.recorded_at, recorded.position, as_of)
            and (effective_at is None or recorded.at <= effective_at)
        )
        return self._store.with_evidence(sorted(known, key=lambda recorded: recorded.position or 0))


def _check_subject(
    subject: str, order_id: str | None, account: str | None, instrument: str | None, method: str
) -> None:
    if subject not in get_args(Subject):
        raise ValueError(
            f"{subject!r} is nothing that is explained: {', '.join(get_args(Subject))}"
        )
    if method not in METHODS:
        raise ValueError(f"{method!r} is no method: {', '.join(METHODS)}")
    for name, value in (("order_id", order_id), ("account", account), ("instrument", instrument)):
        check_argument(name, "text", value)
    if subject == "order" and order_id is None:
        raise ValueError("an order needs its id")
    if subject != "order" and (account is None or instrument is None):
        raise ValueError(f"{subject} needs an account and an instrument")
    if subject != "order" and order_id is not None:
        raise ValueError(f"{subject} takes no order id")


def _origins(events: list[Recorded]) -> list[str]:
    """The streams whose reports were attributed to the order."""
    return list(
        dict.fromkeys(
            event.attributed_from[0] for event in events if event.attributed_from is not None
        )
    )


def _proposal(row: OrderRow) -> list[str]:
    """The stream of the proposal that the order carries out."""
    proposal_id = (row["links"] or {}).get("proposal_id")
    return [] if proposal_id is None else [proposal_stream(row["account"], proposal_id)]
