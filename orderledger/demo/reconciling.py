"""After a restart: query the venue about every order without a known end, record its reports,
settle the rest."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from orderledger import Deny, OrderType, Request, Side, Source
from orderledger.demo.desk import Desk
from orderledger.demo.words import number, standing
from orderledger.demo.world import ACCOUNT
from orderledger.extend.views import Row


@dataclass(frozen=True, kw_only=True)
class LookupResult:
    """Result of a query about one order. `recorded`: number of new facts. `known`: number of
    facts that the ledger already had.
    """

    client_order_id: str
    believed: str
    reported: str
    recorded: int
    known: int
    now: str


def ask(desk: Desk, order: Row) -> LookupResult:
    """Record all reports of the venue about an order, and its current state."""
    name = order["client_order_id"]
    counts = desk.record_reports(desk.venue.order_history(name), source=Source.RECONCILIATION)
    status = desk.venue.order_status(name)
    counts += desk.record_reports([status], source=Source.RECONCILIATION)
    claims = status.get("reported", {})
    filled = f", {number(claims['cum_quantity'])}" if Decimal(claims.get("cum_quantity", 0)) else ""
    return LookupResult(
        client_order_id=name,
        believed=standing(order),
        reported="does not know it"
        if status["type"] == "absent"
        else f"{status['status'].replace('_', ' ')}{filled}",
        recorded=counts["recorded"],
        known=counts["duplicate"],
        now=standing(desk.ledger.order(name, account=ACCOUNT)),
    )


def ask_for_fills(desk: Desk, *, since: datetime) -> tuple[int, int]:
    """Record the fills of the whole account, and the histories of unknown orders. Returns how many
    fills were new and known."""
    known = {trade["fill_id"] for trade in desk.ledger.trades(account=ACCOUNT)}
    ours = {order["client_order_id"] for order in desk.ledger.orders(account=ACCOUNT)}
    fills = desk.venue.fills_since(since)
    for name in sorted({fill["client_order_id"] for fill in fills} - ours):
        desk.record_reports(desk.venue.order_history(name), source=Source.RECONCILIATION)
    desk.record_reports(fills, source=Source.RECONCILIATION)
    count = sum(fill["fill_id"] in known for fill in fills)
    return len(fills) - count, count


def settle(desk: Desk, name: str) -> str | None:
    """Settle an order after the query. Returns the action in words, or None if nothing was left to
    do."""
    order = desk.ledger.order(name, account=ACCOUNT)
    if not order["leaves_quantity"]:
        return None
    if order["pending"] == "cancel":
        return (
            "the cancel never arrived, so it is sent again: "
            f"{desk.cancel(name, request_id=f'{name}-cancel')}"
        )
    if order["status"] != "pending_new":
        return None
    if order["submitted_at"] is None:
        desk.record(Deny(account=ACCOUNT, client_order_id=name, reason="stale_after_restart"))
        return "it never left this machine and is too late now, so it is denied"
    answer = desk.record_answer(name, desk.send(request_of(order)))
    return f"the venue never received it, so it is sent again under the same id: {answer}"


def request_of(order: Row) -> Request:
    """The order as it was requested, from the ledger."""
    return Request(
        account=order["account"],
        client_order_id=order["client_order_id"],
        instrument=order["instrument"],
        side=Side(order["side"]),
        quantity=order["quantity"],
        order_type=OrderType(order["order_type"]),
        limit_price=order["limit_price"],
        post_only=order["strategy"] == "maker",
    )
