"""The books at the end of the day: blotter, trade history, proposals, P&L, anomalies, and the
history of one order."""

from orderledger.demo import tables
from orderledger.demo.desk import Desk
from orderledger.demo.narrator import Narrator
from orderledger.demo.words import number, terms
from orderledger.demo.world import ACCOUNT
from orderledger.extend.views import METHODS, Row


def show(narrator: Narrator, desk: Desk) -> None:
    """Show all books, from the views alone."""
    narrator.heading("The books")
    ledger = desk.ledger
    orders, trades = ledger.orders(account=ACCOUNT), ledger.trades(account=ACCOUNT)
    narrator.show(tables.blotter(orders))
    narrator.show(tables.trade_history(trades))
    narrator.show(tables.proposals(_proposals(ledger.proposals(account=ACCOUNT), orders, trades)))
    narrator.show(
        tables.pnl({method: ledger.pnl(method=method, account=ACCOUNT) for method in METHODS})
    )
    narrator.show(
        tables.pnl_by_strategy(ledger.pnl(by=("strategy", "instrument"), account=ACCOUNT))
    )
    narrator.show(tables.anomalies(ledger.anomalies(account=ACCOUNT)))


def show_order(narrator: Narrator, desk: Desk, name: str, *, killed_at: int) -> None:
    """Show one order, event by event. `killed_at`: last log position that the killed process
    wrote."""
    narrator.heading(f"The story of {name}, event by event")
    narrator.show(tables.history(desk.ledger.history(name, account=ACCOUNT), killed_at=killed_at))


def _proposals(proposals: list[Row], orders: list[Row], trades: list[Row]) -> list[tuple[str, ...]]:
    return [
        _proposal(proposal, orders, [trade for trade in trades if _is_of(trade, proposal)])
        for proposal in proposals
    ]


def _proposal(proposal: Row, orders: list[Row], trades: list[Row]) -> tuple[str, ...]:
    links = proposal["links"] or {}
    return (
        proposal["proposal_id"],
        f"{proposal['kind']} of {links.get('trade_id')}: {terms(proposal)}",
        proposal["state"] + (f": {proposal['reason']}" if proposal["reason"] else ""),
        ", ".join(order["client_order_id"] for order in orders if _is_of(order, proposal)),
        str(len(trades)) if trades else "",
        number(sum(trade["quantity"] for trade in trades)) if trades else "",
    )


def _is_of(row: Row, proposal: Row) -> bool:
    return bool((row["links"] or {}).get("proposal_id") == proposal["proposal_id"])
