"""Settlements of a Flex statement: expiries, exercises and assignments, with their deliveries.

Trades has them as bookings of price 0, and OptionEAE repeats them. Both have the `tradeID`, which
names the settlement: a statement with both, or two statements, make one settlement. IB moves the
premium of an exercised or assigned option into the cost or the proceeds of the shares:
`realizedPnl` of the option is 0. So the settlement carries it.
"""

from decimal import Decimal
from typing import Any

from orderledger import InvalidMessage, Message
from orderledger.venues.importers.ib_flex_rows import BOOKED_AT, FlexContext, FlexRow
from orderledger.venues.importers.ib_flex_survey import (
    EXPIRED,
    TRADES,
    Survey,
    day_of,
    settled_as,
)
from orderledger.venues.importers.source import NothingToRecord
from orderledger.venues.interop.context import ObjectContext

REPLACED = "settlement"
"""The reason of the bust of a fill at price 0, by which an earlier version recorded a booking."""


def settlement(row: FlexRow, context: FlexContext, survey: Survey) -> list[Message]:
    """The settlement of a booking, and the busts of the fills that recorded it before."""
    kind = settled_as(row)
    if row.tag == "OptionEAE" and survey.repeats(row):
        raise NothingToRecord("is an OptionEAE that repeats a booking of Trades")
    made = context.of(row)
    at = row.moment(context.options.zone, "dateTime", "date", day_at=BOOKED_AT)
    instrument = context.name(made, row.needed("symbol"))
    quantity = row.needed_amount("quantity")
    if not quantity:
        raise InvalidMessage("quantity", "is 0")
    delivery = survey.delivery_of.get(row.number)
    leg = {} if delivery is None else _leg(delivery, context, made)
    messages = context.definition(row, made, instrument, at)
    if delivery is not None:
        messages += context.definition(delivery, made, leg["into"]["instrument"], at)
    context.defined.update(message.instrument for message in messages)  # type: ignore[attr-defined]
    messages.append(
        made.message(
            "settle",
            at=at,
            message_id=settlement_id(row),
            instrument=instrument,
            kind=kind,
            price=row.amount("tradePrice") or Decimal(0),
            quantity=abs(quantity),
            fees=_fees(row),
            text=None if delivery or kind == EXPIRED else "the delivery has a row of its own",
            **leg,
        )
    )
    return [*messages, *_busts(row, delivery, context, made, at)]


def settlement_id(row: FlexRow) -> str:
    """The id of a settlement: IB's number of the booking, else its content."""
    content = (row.get("symbol"), day_of(row), row.get("transactionType"), row.get("quantity"))
    return f"ib:{row.get('tradeID') or ':'.join(content)}"


def _leg(delivery: FlexRow, context: FlexContext, made: ObjectContext) -> dict[str, Any]:
    quantity = delivery.needed_amount("quantity")
    return {
        "premium": "carry",
        "into": {
            "instrument": context.name(made, delivery.needed("symbol")),
            "side": "buy" if quantity > 0 else "sell",
            "quantity": abs(quantity),
            "price": delivery.needed_amount("tradePrice"),
            "fees": _fees(delivery) or [],
        },
    }


def _fees(row: FlexRow) -> list[dict[str, Any]] | None:
    """The commission, as paid."""
    name = "ibCommission" if row.tag in TRADES else "commisionsAndTax"
    paid = row.amount(name) or row.amount("commission")
    if not paid:
        return None
    currency = row.get("ibCommissionCurrency") or row.get("commissionCurrency")
    return [{"currency": currency or row.needed("currency"), "amount": -paid, "kind": "commission"}]


def _busts(
    row: FlexRow, delivery: FlexRow | None, context: FlexContext, made: ObjectContext, at: Any
) -> list[Message]:
    """Busts of the fills by which an earlier version recorded these rows."""
    busts = []
    for one in [row] if delivery is None else [row, delivery]:
        order, fill = one.get("ibOrderID") or one.get("orderID"), one.get("tradeID")
        if order and fill and context.options.known.has_fill(order, fill):
            instrument = context.name(made, one.needed("symbol"))
            names = {"venue_order_id": order, "fill_id": fill, "instrument": instrument}
            busts.append(made.message("fill_busted", at=at, reason=REPLACED, **names))
    return busts
