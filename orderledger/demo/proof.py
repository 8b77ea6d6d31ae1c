"""The proof at the end: the log agrees with the views, and the venue with the ledger on every
order, fill and position."""

from decimal import Decimal

from orderledger.demo.desk import Desk
from orderledger.demo.narrator import Narrator
from orderledger.demo.tables import table
from orderledger.demo.words import number
from orderledger.demo.world import ACCOUNT, OPENING

NEVER_SENT = "denied"
Facts = tuple[str | Decimal | None, ...]


class Disagreement(Exception):
    """The proof failed: the ledger does not agree with the venue or with its own log."""


def prove(narrator: Narrator, desk: Desk) -> None:
    """Print the proof. Raises Disagreement if it fails."""
    narrator.heading("The proof")
    checked = desk.ledger.views.check()
    narrator.line(
        f"The log against the views: {checked.events} events in {checked.streams} streams folded "
        f"again, {checked.rows} rows compared, {len(checked.differences)} differences."
    )
    shown = [_compared("orders: status and quantity filled", *_orders(desk))]
    shown += [_compared("fills: id, quantity, price and fee", *_fills(desk))]
    positions = _positions(desk)
    shown += [
        (f"position {name}", number(venue), number(ledger), _verdict(venue == ledger))
        for name, venue, ledger in positions
    ]
    narrator.show(table(("", ">venue says", ">ledger says", "verdict"), shown))
    if checked.differences or any(row[-1] != "agree" for row in shown):
        raise Disagreement("the log, the views and the venue do not agree")
    narrator.line("Every order, fill and position: the venue and the ledger agree.")


def _compared(what: str, venue: dict[str, Facts], ledger: dict[str, Facts]) -> tuple[str, ...]:
    return what, str(len(venue)), str(len(ledger)), _verdict(venue == ledger)


def _verdict(is_same: bool) -> str:
    return "agree" if is_same else "DIFFER"


def _orders(desk: Desk) -> tuple[dict[str, Facts], dict[str, Facts]]:
    ours: dict[str, Facts] = {
        str(order["client_order_id"]): (order["status"], order["cum_quantity"])
        for order in desk.ledger.orders(account=ACCOUNT)
        if order["status"] != NEVER_SENT
    }
    theirs: dict[str, Facts] = {}
    for name in ours:
        status = desk.venue.order_status(name)
        if status["type"] == "status_observed":
            theirs[name] = (status["status"], Decimal(status["reported"]["cum_quantity"]))
    return theirs, ours


def _fills(desk: Desk) -> tuple[dict[str, Facts], dict[str, Facts]]:
    numbers = ("quantity", "price", "fee")
    theirs: dict[str, Facts] = {
        fill["fill_id"]: tuple(Decimal(fill[name]) for name in numbers)
        for fill in desk.venue.fills_since(OPENING)
    }
    ours: dict[str, Facts] = {
        trade["fill_id"]: (trade["quantity"], trade["price"], trade["fee"])
        for trade in desk.ledger.trades(account=ACCOUNT)
    }
    return theirs, ours


def _positions(desk: Desk) -> list[tuple[str, Decimal, Decimal]]:
    ours = {
        row["instrument"]: row["position_quantity"]
        for row in desk.ledger.positions(account=ACCOUNT)
    }
    theirs = desk.venue.positions()
    return [
        (name, theirs.get(name, Decimal(0)), ours.get(name) or Decimal(0))
        for name in sorted({**ours, **theirs})
    ]
