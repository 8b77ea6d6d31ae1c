"""Types and meanings of the fields of events. Messages, their schema and the reference follow from
them.

The type of a field gives its form in a message: a `str` is an identifier, a `Decimal` a number, an
`int` a count. The types below narrow it. Only messages are checked: every stored event is read. A
field means what its name means in `MEANINGS`, unless its event declares another meaning.
"""

from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta

Positive = Annotated[Decimal, Meta(extra={"wire": "Quantity"})]
NotNegative = Annotated[Decimal, Meta(extra={"wire": "NotNegative"})]
Ordinal = Annotated[int, Meta(extra={"wire": "Sequence"})]
"""An integer that may be negative."""

PositiveCount = Annotated[int, Meta(extra={"wire": "PositiveCount"})]
"""A count of at least 1."""

NeededRole = Literal["record", "collect", "operate"]
"""The role that a token needs to record a message over HTTP."""

MEANINGS = {
    "account": "The trading account, one at one venue, e.g. hyperliquid:main.",
    "aliases": "Other names that the venue uses for this order.",
    "amount": "Positive when received, negative when paid.",
    "base": "Coin that is bought and sold at spot.",
    "asked_at": "When a query for this one order was sent, less the time by which the venue's "
    "answers may lag. Leave it out for a row of a list.",
    "at": "Time of the event, by the sender's clock. Default: the time of recording.",
    "average_price": "Average price.",
    "cancels_orders": "The gateway also cancels the open orders of the scope.",
    "client_order_id": "Our id, or any earlier id of the order.",
    "code": "The anomaly.",
    "corrects": "Id of the fill that this one replaces.",
    "covered_from": "Start of the period for which the venue was asked for every fill.",
    "covered_to": "End of that period.",
    "cum_quantity": "Filled quantity so far (FIX CumQty).",
    "currency": "Settlement currency of P&L and fees.",
    "dated_by": "Clock of `at`: the venue's, or that of receipt. Default: venue, if `at` is given. "
    "Omitted in events recorded before the field existed.",
    "detail": "Description in a sentence.",
    "expire_at": "End of a `gtd` order.",
    "fee": "Positive when paid, negative when received.",
    "fees": "Several fees, in place of `fee` and `fee_currency`. One commission says the same "
    "as these.",
    "fee_currency": "Default: the instrument's settlement currency.",
    "fence": "Grows with every change of the sender. A former sender can no longer submit.",
    "fill_id": "The venue's id of the fill. It counts once within an order.",
    "fills": "Number of active fills of the account in the ledger.",
    "from_at": "When the stream went down. Named `from_at` in Python and in the views; JSON "
    "accepts both names.",
    "group": "Orders that belong together.",
    "holder": "The process that sends from now on: host, process id and name.",
    "id": "Id of the break: kind and subject.",
    "instrument": "Name of the traded instrument, yours or the venue's.",
    "inverse": "Whether the instrument settles in the base currency: a quantity is then worth "
    "quantity * multiplier / price.",
    "kind": "Whether the proposal opens a position or closes one.",
    "leg": "Leg of the combination that it fills, from 0. FIX MultiLegReportingType (442) 2.",
    "legs": "Legs of a combination, as bought: an order that sells it trades each leg on its other "
    "side. `quantity` then counts whole combinations, and `instrument` is the name of the "
    "combination. FIX NoLegs (555) of a NewOrderMultileg (35=AB).",
    "leaves_quantity": "Quantity that can still be filled (FIX LeavesQty).",
    "limit_price": "Limit price.",
    "links": "Proposal, trade, role, parent and group that the order belongs to.",
    "liquidity": "FIX LastLiquidityInd.",
    "lot": "Smallest quantity increment.",
    "message_id": "Idempotency key of the sender.",
    "multiplier": "Units of the underlying in one unit of quantity. Default 1.",
    "open_breaks": "Open breaks: id, and the time since which each is known.",
    "order_type": "FIX OrdType.",
    "orders": "Number of open orders that agree.",
    "parent": "Parent order.",
    "pending": "Request that the venue reports as pending.",
    "position_id": "The venue's id of the position, where it keeps several positions of one side.",
    "position_mode": "Whether the venue keeps one position of the instrument (`net`), or a long "
    "and a short one (`hedge`). `unknown` if left out.",
    "position_side": "Position of the instrument that it belongs to: `long` or `short` in hedge "
    "mode, `net` otherwise. Left out: not reported.",
    "positions": "Number of positions that agree.",
    "post_only": "The order may only trade as maker.",
    "price": "Price.",
    "proposal_id": "Id of the proposal.",
    "quantity": "Quantity in the instrument's own units.",
    "reason": "Reason code.",
    "reduce_only": "The order may only reduce a position.",
    "replacement_client_order_id": "Our new id for the replaced order, at venues that require one "
    "with every change.",
    "reported": "Further claims in the venue's report.",
    "request_id": "Id of the cancel or replace request. The answer names it.",
    "role": "Whether the order opens the trade or closes it.",
    "sequence": "The venue's order of facts that have the same `at`, such as a trade number.",
    "side": "Buy or sell.",
    "since": "Time since which the break is known.",
    "status": "Status in the venue's report.",
    "display_quantity": "Quantity to show in the order book (iceberg order). 0 shows nothing. "
    "FIX MaxFloor (111), DisplayQty (1138) since 5.0.",
    "quote_quantity": "Amount of quote currency to trade for, in place of `quantity`. FIX "
    "CashOrderQty (152).",
    "trail_offset": "Distance of a trailing stop from the market. FIX PegOffsetValue (211) without "
    "its sign.",
    "trail_offset_type": "Unit of `trail_offset`, given with it: `amount` of the price's currency, "
    "or `percent` of the price. FIX PegOffsetType (836).",
    "trigger_source": "Price that the trigger price is compared with. FIX TriggerPriceType (1107).",
    "stop_price": "Stop or trigger price. FIX StopPx (99), TriggerPrice (1102) since 5.0.",
    "strategy": "Strategy that owns the order. P&L and filters use it.",
    "tags": "Free labels, at most 100.",
    "tick": "Smallest price increment.",
    "time_in_force": "FIX TimeInForce. An order without one counts as a day order.",
    "to_at": "When the stream was back; omitted while it is down. Named `to_at` in Python and in "
    "the views; JSON accepts both names.",
    "trade_id": "Trade that the order opens or closes.",
    "venue_order_id": "The venue's id. An order can have several over time.",
}
