"""Query methods for auditors. Each reads the log beside the views; what it makes of them is in
`projections`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from os import PathLike
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from orderledger.audit.findings import FINDINGS
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
from orderledger.extend.values import stream_names
from orderledger.extend.views import (
    Method,
    Namespace,
    one_order,
    parameters,
    tables,
    was_known,
)
from orderledger.rows import OrderRow, RowList

if TYPE_CHECKING:
    from orderledger.audit.parts import Asked

Subject = Literal["pnl", "position", "order"]
VIEWS = ("orders", "trades", "positions", "pnl", "anomalies", "instruments", "account_events")
"""The views that can be restated."""


class Audit(Namespace):
    """Questions of auditors about a ledger: `ledger.audit`."""

    def explain(
        self,
        order_id: parameters.OrderId,
        /,
        *,
        account: parameters.Account = None,
        as_of: parameters.AsOf = None,
        effective_at: parameters.EffectiveAt = None,
    ) -> Explanation:
        """Explain an order in sentences.

        Shows each event of the order: its two times, its cause, its effect, and its oddities. Then
        what is not known, and what the order is now.

        Raises as `order` does.
        """
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
        subject: Annotated[Subject, "The figure."],
        /,
        *,
        order_id: Annotated[str | None, "Any id of the order.", parameters.Word("id")] = None,
        account: parameters.Account = None,
        instrument: parameters.Instrument = None,
        position_side: parameters.PositionSide = None,
        position_id: parameters.PositionId = None,
        method: parameters.KeptMethod = "average",
        has_evidence: Annotated[
            bool, "Also the payload of the venue.", parameters.Word("evidence")
        ] = False,
        as_of: parameters.AsOf = None,
        effective_at: parameters.EffectiveAt = None,
    ) -> Why:
        """Take a figure apart into events.

        `pnl` and `position` need an account and an instrument, and a position side where the
        instrument has several positions; `order` needs an id. Each part is what one event adds to a
        figure: a fill, a fee, a funding, an adjustment. The amounts of a figure's parts add up to
        it exactly, and their net amounts to the net P&L.

        Raises as `order` does for an order that is not there. If nothing is recorded of the
        instrument, there are no figures and no parts.
        """
        from orderledger.audit.parts import Asked, with_events

        _check_subject(subject, order_id, account, instrument)
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
        view: Annotated[str, "Compare the rows of this view.", VIEWS],
        /,
        *,
        from_as_of: Annotated[
            datetime | int, "The earlier state of knowledge.", parameters.Word("from")
        ],
        as_of: Annotated[
            datetime | int | None,
            "The later state of knowledge. Default: now.",
            parameters.Word("to"),
        ] = None,
        effective_at: Annotated[
            datetime | None, "The moment of both statements. Default: the first time."
        ] = None,
        method: parameters.KeptMethod = "average",
        account: parameters.Account = None,
        instrument: parameters.Instrument = None,
        **where: Any,
    ) -> RowList[RestatedRow]:
        """Compare the statements of two times about the same moment.

        Lists the rows of the view that differ, with the old and the
        new values, and the events recorded in between that made the difference.

        In Python, more values of columns may be given.
        """
        from orderledger.audit.restating import restated

        with reaching(self._url):
            return RowList(
                restated(
                    self._store,
                    view,
                    from_as_of=from_as_of,
                    as_of=as_of,
                    effective_at=effective_at,
                    method=method,
                    account=account,
                    instrument=instrument,
                    **where,
                )
            )

    def findings(
        self,
        *,
        account: parameters.Account = None,
        actor: parameters.Actor = None,
        reason: Annotated[str | None, "All events with this reason."] = None,
        source: parameters.EventSource = None,
        correlation: Annotated[str | None, "All events with this correlation id."] = None,
        finding: Annotated[str | None, "Only this finding.", tuple(FINDINGS)] = None,
        late: Annotated[timedelta, "Delay of a late report, in seconds."] = timedelta(minutes=1),
        since: parameters.Since = None,
        until: parameters.Until = None,
    ) -> Iterator[AuditRow]:
        """Answer questions of compliance.

        Lists the events with findings: amendments, late reports, clocks that disagree, feed gaps,
        cancels without an explanation, and interventions by hand. With an actor, reason, source or
        correlation it lists all events with that value. `since` and `until` compare the time when
        the event happened.
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
        account: parameters.Account = None,
        since: parameters.Since = None,
        until: parameters.Until = None,
    ) -> Iterator[OrderRecord]:
        """List order records by MiFID II RTS 24, one per event at the venue.

        Unknown fields are null. `since` and `until` compare the time when the event happened.
        """
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
        method: parameters.KeptMethod = "average",
        than: Annotated[Method, "The method to compare with."] = "average",
        fees: Annotated[str | PathLike[str] | None, "A file with a fee schedule (TOML)."] = None,
        fee_rate: Annotated[
            Decimal | str | None, "One fee rate for all fills: a part of the traded value."
        ] = None,
        without: Annotated[Sequence[str], "Leave out this order."] = (),
        without_accounts: Annotated[
            Sequence[str], "Leave out this account.", parameters.Word("without_account")
        ] = (),
        filled: Annotated[
            Sequence[str], "Take this open order as filled, at its limit or the mark."
        ] = (),
        not_filled: Annotated[Sequence[str], "Take this open order as getting no more fills."] = (),
        account: parameters.Account = None,
    ) -> RowList[WhatIfRow]:
        """Show what would be different under other assumptions.

        Folds the same log in memory with another lot method or fee schedule. It may leave out
        orders or accounts, or assume that open orders are filled or not. Lists the rows of orders,
        positions and P&L that would differ: the present value, the assumed value, and the
        difference. `account` distinguishes orders with the same id. Nothing is recorded.
        """
        from orderledger.audit.fee_schedule import flat_schedule, read_fee_schedule
        from orderledger.audit.what_if import Assumptions, what_if

        if fees is not None and fee_rate is not None:
            raise ValueError("fees and fee_rate: give one of them")
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
        rounds: Annotated[int, parameters.Between(1)] = 10,
        seed: int = 0,
        account: str | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Independence:
        """Show that the order of reports does not matter.

        Records the log's own messages again in memory, its reports shuffled and repeated, and
        compares orders, trades and P&L. Stops at the first difference, and shrinks it to the fewest
        messages.
        """
        from orderledger.audit.independence import proved

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

        with self._views_of_order(order_id, account, as_of, effective_at) as views:
            row = one_order(views, order_id, account)
            figures: Mapping[str, object] = row
            trades = views.rows(tables.TRADES, stream=row["stream"], state="active")
        with reaching(self._url):
            events = self._known_events([row["stream"]], as_of, effective_at)
        return {
            "subject": "order",
            "account": row["account"],
            "instrument": row["instrument"],
            "client_order_id": row["client_order_id"],
            "method": None,
            "figures": {name: figures[name] for name in (*FIELDS, "fees")},
            "parts": [
                *changes_of_order(row["stream"], events, figures["anomalies"]),
                *fills_of_order_parts(trades, is_combination=bool(row["legs"])),
            ],
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
                [stream_names.account_stream(account, "mark", instrument)], as_of, effective_at
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
        with self._views_of_order(order_id, account, as_of, effective_at) as views:
            return tables.ORDERS.shown(one_order(views, order_id, account))

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
    subject: str, order_id: str | None, account: str | None, instrument: str | None
) -> None:
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
    return (
        [] if proposal_id is None else [stream_names.proposal_stream(row["account"], proposal_id)]
    )
