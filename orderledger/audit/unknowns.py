"""Facts about an order that the log does not show."""

from orderledger.extend.events import Order, moment
from orderledger.rows import OrderRow


def unknowns(row: OrderRow, order: Order, *, is_cancel_asked: bool) -> list[str]:
    """List the facts about the order that the log does not show."""
    found = []
    if row["certainty"] == "unresolved":
        asked = row["absent_at"]
        absent = (
            f" Asked at {moment(asked)}, it did not know the order, which proves nothing."
            if asked
            else ""
        )
        found.append(
            "Whether the venue has the order: it has confirmed no state since the doubt "
            f"began.{absent}"
        )
    if row["pending"] and row["pending_since"]:
        found.append(
            f"Whether the venue carries out the {row['pending']} requested at "
            f"{moment(row['pending_since'])}: no answer."
        )
    if row["status"] == "pending_new" and row["submitted_at"] is None and row["origin"] == "own":
        found.append("Whether the order was sent: no event says so.")
    is_asked = row["status"] == "canceled" and is_cancel_asked
    if (
        row["status"] in {"canceled", "rejected", "denied"}
        and row["reason"] is None
        and not is_asked
    ):
        found.append(f"Why the order was {row['status']}: no reason was given.")
    missing = [name for name in ("instrument", "side", "quantity") if row[name] is None]
    if missing:
        found.append(f"The {', '.join(missing)} of the order: the venue has not reported it.")
    without_fee = [
        fill.fill_id
        for fill in order.fills.by_id.values()
        if fill.is_active and fill.effective.fee is None
    ]
    if without_fee:
        which = (
            f"fill {without_fee[0]}"
            if len(without_fee) == 1
            else f"{len(without_fee)} fills, {without_fee[0]} the first"
        )
        found.append(f"The fee of {which}: the venue has not reported one.")
    return found
